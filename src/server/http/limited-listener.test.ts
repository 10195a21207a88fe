import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { connectionsWithin, defaultConnectionLimits, limitedListeners } from './limited-listener.ts'

/** Greets accepted connections. */
async function setUp(limits: Parameters<typeof limitedListeners>[1]) {
  const taken = new Set<Socket>()
  let refused = 0
  const servers = limitedListeners(
    2,
    limits,
    socket => {
      taken.add(socket)
      socket.on('error', () => undefined).write('hello')
    },
    () => refused++,
  )
  await Promise.all(servers.map(server => once(server.listen(0, '127.0.0.1'), 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  const open: Socket[] = []
  return {
    refused: () => refused,
    async open(localAddress: string, server: 0 | 1 = 0): Promise<string> {
      const socket = connect({ port: ports[server] ?? 0, host: '127.0.0.1', localAddress })
      socket.on('error', () => undefined)
      open.push(socket)
      return new Promise(resolve => socket.once('data', () => resolve('taken')).once('close', () => resolve('closed')))
    },
    /** Ends all and waits until the server has seen it. */
    async closeAll(): Promise<void> {
      const closed = [...taken].map(socket => (socket.destroyed ? undefined : once(socket, 'close')))
      for (const socket of open) socket.destroy()
      await Promise.all(closed)
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...open, ...taken]) socket.destroy()
      await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
    },
  }
}

test('limitedListeners() closes connections of an address beyond its limit, accepts others, and counts only open ones', async () => {
  await using listener = await setUp({ total: 10, perAddress: 1, perLoopbackAddress: 2 })
  assert.equal(await listener.open('127.0.0.1'), 'taken')
  assert.equal(await listener.open('127.0.0.1'), 'taken')
  assert.equal(await listener.open('127.0.0.1'), 'closed')
  assert.equal(await listener.open('127.0.0.2'), 'taken')
  assert.equal(listener.refused(), 1)
  await listener.closeAll()
  assert.equal(await listener.open('127.0.0.1'), 'taken')
})

test('limitedListeners() closes connections beyond the total, from any address', async () => {
  await using listener = await setUp({ total: 2, perAddress: 2, perLoopbackAddress: 2 })
  assert.equal(await listener.open('127.0.0.1'), 'taken')
  assert.equal(await listener.open('127.0.0.2'), 'taken')
  assert.equal(await listener.open('127.0.0.3'), 'closed')
  assert.equal(listener.refused(), 1)
})

for (const [files, limits] of [
  [1_048_576, defaultConnectionLimits],
  [Number.POSITIVE_INFINITY, defaultConnectionLimits],
  [10_512, defaultConnectionLimits],
  [4096, { total: 3584, perAddress: 717, perLoopbackAddress: 2868 }],
  [1024, { total: 512, perAddress: 103, perLoopbackAddress: 410 }],
  [256, { total: 128, perAddress: 26, perLoopbackAddress: 103 }],
] as const)
  test(`connectionsWithin() reserves files for a process that may open ${files}`, () => assert.deepEqual(connectionsWithin(files), limits))

test('limitedListeners() counts the connections of all listeners together', async () => {
  await using listener = await setUp({ total: 2, perAddress: 1, perLoopbackAddress: 1 })
  assert.equal(await listener.open('127.0.0.1', 0), 'taken')
  assert.equal(await listener.open('127.0.0.1', 1), 'closed')
  assert.equal(await listener.open('127.0.0.2', 1), 'taken')
  assert.equal(await listener.open('127.0.0.3', 0), 'closed')
})
