// How much WebSocket clients can make the server buffer, on real connections.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { acceptWebSocket } from './accept-web-socket.ts'
import { followClient, writePieces } from './channel-socket.ts'
import { StreamMemory } from './stream-memory.ts'
import { WebSocketOutput } from './web-socket-output.ts'

const limit = { timeout: 60_000 }
const user = { name: 'ann' }

test('StreamMemory limits the bytes of a user, of a namespace and in all, in each direction', () => {
  const memory = new StreamMemory({ user: 10, namespace: 15, all: 20 })
  const one = memory.open(user, 'a')
  const two = memory.open(user, 'b')
  assert.deepEqual([one.received(6), two.received(4), two.received(5), two.received(4)], [true, true, false, true])
  // Data waiting for the node counts, data waiting for the client does not.
  assert.deepEqual([one.forwarded(1), one.forwarded(0), one.unsent(10), two.unsent(1)], [false, true, true, false])
  const bob = memory.open({ name: 'bob' }, 'a')
  assert.deepEqual([bob.received(9), bob.received(10)], [true, false])
  bob.close()
  const eve = memory.open({ name: 'eve' }, '')
  assert.deepEqual([eve.received(10), eve.received(11)], [true, false])
  for (const share of [one, two, eve]) share.close()
  // A closed connection does not count, whatever is reported later.
  one.received(1000)
  assert.equal(memory.open(user, 'a').received(10), true)
})

/** A server that hands each WebSocket over to a node that reads nothing until the test says so. */
async function server(t: TestContext, memory: StreamMemory) {
  const nodes: Duplex[] = []
  const closed: number[] = []
  const http = createServer()
  http.on('upgrade', (message, socket: Socket, head) => {
    socket.on('error', () => undefined)
    const share = memory.open(user, 'default')
    void acceptWebSocket({ message, socket, head }, { protocol: '', maxMessageBytes: 1 << 18, share }).then(client => {
      const node = new Duplex({ read: () => undefined, write: () => undefined })
      nodes.push(node)
      client.once('close', code => closed.push(code))
      followClient(client, share, node, raw => writePieces(node, 1, raw as Buffer))
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => http.close())
  const address = http.address()
  const port = typeof address === 'object' && address ? address.port : 0
  /** A client that has begun a message of 200 KiB, and sent so many bytes of it. */
  const begin = async (bytes: number): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1' })
    t.after(() => socket.destroy())
    socket.on('error', () => undefined)
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
    await once(socket, 'data')
    const head = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 3, 0x20, 0, 0, 0, 0, 0])
    await new Promise<void>(resolve => socket.write(Buffer.concat([head, Buffer.alloc(bytes)]), () => resolve()))
    return socket
  }
  const open = async (): Promise<WebSocket> => {
    const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
    client.on('error', () => undefined)
    t.after(() => client.terminate())
    await once(client, 'open')
    return client
  }
  return { nodes, closed, begin, open }
}

test('a message of more than 256 KiB closes its connection before it is buffered', limit, async t => {
  const { open } = await server(t, new StreamMemory())
  const client = await open()
  client.send(Buffer.alloc((1 << 18) + 1))
  assert.equal((await once(client, 'close'))[0], 1009)
})

test('a message in too many fragments closes its connection', limit, async t => {
  const { open } = await server(t, new StreamMemory())
  const client = await open()
  for (let i = 0; i < 300; i++) client.send('x', { fin: false })
  assert.equal((await once(client, 'close'))[0], 1008)
})

const closing = (socket: Socket): Promise<void> =>
  new Promise(resolve => (socket.closed ? resolve() : socket.resume().once('close', () => resolve())))

test('unfinished messages beyond the limit of a user close the connection that sends more', limit, async t => {
  const memory = new StreamMemory({ user: 300_000, namespace: 1 << 30, all: 1 << 30 })
  const { begin } = await server(t, memory)
  const first = await begin(150_000)
  const second = await begin(100_000)
  const third = begin(100_000)
  await closing(await third)
  assert.deepEqual([first.closed, second.closed], [false, false])
  first.destroy()
  await closing(first)
  // Its bytes are free again, once the server has seen it go.
  const probe = memory.open(user, 'default')
  while (!probe.received(199_000)) await new Promise(resolve => setImmediate(resolve))
})

test('bytes that a node does not read count for the user who sent them', limit, async t => {
  const { open, closed } = await server(t, new StreamMemory({ user: 200_000, namespace: 1 << 30, all: 1 << 30 }))
  const client = await open()
  for (let i = 0; i < 5; i++) {
    client.send(Buffer.alloc(60_000))
    const one = await open()
    one.send(Buffer.alloc(60_000))
  }
  while (closed.length === 0) await new Promise(resolve => setImmediate(resolve))
})

test('WebSocketOutput waits for its client if its user has too many unsent bytes', async () => {
  const memory = new StreamMemory({ user: 100, namespace: 1 << 30, all: 1 << 30 })
  const sent: (() => void)[] = []
  const socket = {
    readyState: WebSocket.OPEN,
    bufferedAmount: 0,
    send: (_data: unknown, _options: unknown, done: () => void) => sent.push(done),
  }
  const output = new WebSocketOutput(socket as unknown as WebSocket, memory.open(user, 'default'))
  socket.bufferedAmount = 60
  await output.send('within')
  const other = memory.open(user, 'default')
  other.unsent(50)
  assert.equal(output.hasRoom, false)
  let isOver = false
  const waiting = output.send('beyond').then(() => {
    isOver = true
  })
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(isOver, false)
  sent.at(-1)?.()
  await waiting
})
