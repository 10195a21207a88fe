import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { isLoopback, listeningSockets, parseAddress, processTree } from './listening-sockets.ts'

test('listeningSockets() finds TCP and UDP sockets of a process, and none after they are closed', async () => {
  const tcp = createServer()
  const udp = createSocket('udp4')
  await new Promise<void>(resolve => tcp.listen(0, '127.0.0.1', resolve))
  await new Promise<void>(resolve => udp.bind(0, '127.0.0.1', resolve))
  const address = tcp.address()
  assert.ok(address !== null && typeof address === 'object')
  const ports = [
    { protocol: 'tcp', port: address.port },
    { protocol: 'udp', port: udp.address().port },
  ]
  const ours = async () => {
    const sockets = await listeningSockets(process.pid)
    return ports.filter(({ protocol, port }) =>
      sockets.some(socket => socket.protocol === protocol && socket.port === port && socket.loopback),
    )
  }
  assert.deepEqual(await ours(), ports)
  await new Promise(resolve => tcp.close(resolve))
  await new Promise<void>(resolve => udp.close(resolve))
  assert.deepEqual(await ours(), [])
})

test('listeningSockets() finds none of a process that has ended', async () => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  assert.deepEqual(await listeningSockets(child.pid ?? 0), [])
})

test('parseAddress() parses the format of the kernel', () => {
  assert.equal(parseAddress('0100007F'), '127.0.0.1')
  assert.equal(parseAddress('00000000000000000000000001000000'), '::1')
  assert.equal(parseAddress('00000000000000000000000000000000'), '::')
  assert.equal(parseAddress('0000000000000000FFFF00000100007F'), '127.0.0.1')
  assert.deepEqual(['127.0.0.53', '::1', '0.0.0.0', '10.0.0.1'].map(isLoopback), [true, true, false, false])
})

test('processTree() contains the process and its children', async () => {
  assert.ok((await processTree(process.pid)).includes(process.pid))
  assert.ok((await processTree(process.ppid)).includes(process.pid))
})
