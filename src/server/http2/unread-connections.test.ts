// Clients that do not read.
import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { frame } from './connection.testing.ts'
import { Http2ServerConnection } from './connection.ts'
import type { Http2Stream } from './stream.ts'
import { frameFlag, frameType, preface } from './wire/frames.ts'

/** A connection whose client reads only when `take` is called. */
function unread(request: (stream: Http2Stream) => void = () => undefined) {
  const taking: (() => void)[] = []
  const duplex = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => void taking.push(done) })
  const socket = Object.assign(duplex, { destroySoon: () => duplex.end(() => duplex.destroy()) })
  const failures: string[] = []
  const connection = new Http2ServerConnection(socket, { request, failed: err => failures.push(err.message) })
  return { socket, connection, failures, take: () => taking.shift()?.() }
}

/** One whose machine takes everything at once. */
function eager(request: (stream: Http2Stream) => void = () => undefined) {
  const duplex = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const socket = Object.assign(duplex, { destroySoon: () => duplex.end(() => duplex.destroy()) })
  return { socket, connection: new Http2ServerConnection(socket, { request, failed: () => undefined }) }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

const greeting = Buffer.concat([Buffer.from(preface), frame(frameType.settings, 0, 0, Buffer.alloc(0))])
/** `:method: GET`, `:scheme: https`, `:path: /`. */
const get = (stream: number) =>
  frame(frameType.headers, frameFlag.endHeaders | frameFlag.endStream, stream, Buffer.from([0x82, 0x87, 0x84]))

test('a failed connection is closed when its client has read the reason, or at the next check if it does not read', async () => {
  for (const takes of [true, false]) {
    const { socket, connection, failures, take } = unread()
    await turn()
    socket.push('GET / HTTP/1.1\r\n\r\nxxxxxxxxxx')
    await turn()
    assert.equal(failures.length, 1)
    assert.equal(socket.destroyed, false)
    if (takes) {
      // The settings, and behind them the farewell.
      take()
      take()
      await turn()
    } else connection.look()
    assert.equal(socket.destroyed, true)
  }
})

const pong = frame(frameType.ping, frameFlag.ack, 0, Buffer.alloc(8))
const lives: readonly (readonly [what: string, stays: boolean, between: (socket: Duplex) => void])[] = [
  ['says nothing', false, () => undefined],
  ['answers our pings', true, socket => void socket.push(pong)],
]
for (const [what, stays, between] of lives)
  test(`a client that ${what} between two checks ${stays ? 'stays' : 'is dead'}, though the machine accepts our pings`, async () => {
    const { socket, connection } = eager(stream => stream.respond(200, [], false))
    socket.push(Buffer.concat([greeting, get(1)]))
    await turn()
    connection.look()
    for (let look = 0; look < 3 && !socket.destroyed; look++) {
      await turn()
      between(socket)
      await turn()
      connection.look()
    }
    assert.equal(socket.destroyed, !stays)
    connection.destroy()
  })

test('a client that never completes its preface is closed at the second check', async () => {
  const { socket, connection } = eager()
  socket.push('PRI')
  await turn()
  connection.look()
  assert.equal(socket.destroyed, false)
  socket.push(' * HT')
  await turn()
  connection.look()
  assert.equal(socket.destroyed, true)
})

test('nothing more is read from a client that reads no answers, until it has read the pending ones', async () => {
  const { socket, take } = unread(stream => stream.respond(200, ['x', 'y'.repeat(1000)], true))
  socket.push(greeting)
  await turn()
  let asked = 0
  while (!socket.isPaused() && asked < 10_000) {
    socket.push(get(2 * asked++ + 1))
    await turn()
  }
  assert.ok(asked > 400 && asked < 700, `${asked} requests, each with an answer of a kibibyte`)
  // The settings, which were on their way, and all that waited behind them.
  take()
  await turn()
  assert.equal(socket.isPaused(), true)
  take()
  await turn()
  assert.equal(socket.isPaused(), false)
})

test('an ending connection hands over all of its last answer before it ends', async () => {
  const { socket, connection, take } = unread(stream => {
    stream.respond(200, [], false)
    stream.end([Buffer.alloc(50_000)])
  })
  socket.push(greeting)
  await turn()
  socket.push(get(1))
  await turn()
  connection.goAway()
  await turn()
  await turn()
  assert.equal(socket.writableEnded, false)
  take()
  await turn()
  assert.equal(socket.writableEnded, false)
  take()
  await turn()
  assert.equal(socket.writableEnded, true)
})
