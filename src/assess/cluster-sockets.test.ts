import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { clusterProcesses, clusterSockets } from './cluster-sockets.ts'

/** Listens, and prints its port. */
const listen = "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))"

test('clusterSockets() names the socket of a child after its part', async () => {
  const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const port = await new Promise<number>(resolve => child.stdout.once('data', (text: Buffer) => resolve(Number(text))))
    const machine = { parts: [{ name: 'server', pid: child.pid ?? 0 }] }
    const sockets = await clusterSockets(machine)
    assert.deepEqual(
      sockets.map(({ part, pid, address, port: found }) => [part, pid, address, found]),
      [['server', child.pid, '127.0.0.1', port]],
    )
    assert.deepEqual([...(await clusterProcesses(machine))], [[child.pid, 'server']])
  } finally {
    child.kill('SIGKILL')
  }
})

test('clusterProcesses() finds nothing of a cluster without parts', async () => {
  assert.deepEqual([...(await clusterProcesses({ parts: [] }))], [])
})
