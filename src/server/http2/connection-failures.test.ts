// Ways in which a client's behaviour ends its connection: protocol errors, floods, unread refusals.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { data, frame, get, goAway, headers, opening, ping, reset, settings, TestConnection, windowUpdate } from './connection.testing.ts'
import { maxUnreadRefusals } from './connection.ts'
import { maxControlFrames } from './control-budget.ts'
import type { Http2Stream } from './stream.ts'
import { frameFlag, frameType, setting } from './wire/frames.ts'

const { endStream } = frameFlag
const cancel = 8
const shut = [[setting.initialWindowSize, 0]] as const
const answerOk = (stream: Http2Stream) => {
  stream.respond(200, [], false)
  stream.end([Buffer.from('{}')])
}
const refuse = (stream: Http2Stream) => {
  stream.respond(401, [], false)
  stream.endRefusal([Buffer.from('{}')])
}
const head = (stream: number, status = 200) => `headers ${stream} :status=${status}`
const ids = Array.from({ length: 400 }, (_, i) => 2 * i + 1)

describe('Http2ServerConnection, failing,', () => {
  test('sends the reason after pending data', async () => {
    const connection = await TestConnection.greeted(answerOk)
    connection.socket.isHeld = true
    await connection.send(headers(1))
    await connection.send(headers(3), windowUpdate(0, 0))
    connection.socket.isHeld = false
    connection.socket.release()
    assert.deepEqual(await connection.received(), [head(1), 'data 1 2 end', head(3), 'data 3 2 end', 'goAway 3 PROTOCOL_ERROR'])
    assert.equal(connection.socket.destroyed, true)
  })

  test('is closed at the next check if the client does not read the reason', async () => {
    const connection = await TestConnection.greeted(answerOk)
    connection.socket.isHeld = true
    await connection.send(headers(1))
    await connection.send(windowUpdate(0, 0))
    assert.equal(connection.socket.destroyed, false)
    connection.connection.look()
    assert.equal(connection.socket.destroyed, true)
  })

  const provoked: readonly (readonly [name: string, (id: number) => Buffer[]])[] = [
    ['a window of nothing', id => [headers(id), windowUpdate(id, 0)]],
    ['data behind the end', id => [headers(id), data(id, 'x')]],
    ['a body that is too long', id => [opening(id, [...get, ['content-length', '1']]), data(id, 'xy')]],
    ['a body that is too short', id => [opening(id, [...get, ['content-length', '3']]), data(id, 'xy', endStream)]],
    ['trailers that end nothing', id => [opening(id), opening(id, [['x', 'y']])]],
    ['a second request', id => [headers(id), headers(id)]],
    ['an invalid head', id => [headers(id, [['x', 'y']])]],
    ['its own reset', id => [headers(id), reset(id, cancel)]],
  ]
  for (const [name, frames] of provoked)
    test(`follows if a client has each request reset by ${name}`, async () => {
      const connection = await TestConnection.greeted()
      const all = Array.from({ length: 1.5 * maxControlFrames }, (_, i) => frames(2 * i + 1)).flat()
      assert.match((await connection.send(...all)).at(-1) ?? '', /^goAway \d+ ENHANCE_YOUR_CALM$/)
      assert.ok(connection.streams.length <= maxControlFrames)
    })

  const floods: readonly (readonly [name: string, begin: Buffer[], frame: Buffer])[] = [
    ['pings', [], ping()],
    ['answers to pings', [], frame(frameType.ping, frameFlag.ack, 0, '12345678')],
    ['settings', [], settings([])],
    ['acknowledgements', [], frame(frameType.settings, frameFlag.ack, 0)],
    ['priorities', [], frame(frameType.priority, 0, 1, '\0\0\0\x03\0')],
    ['an unknown frame', [], frame(99, 0, 0)],
    ['its leave', [], goAway(0, 0)],
    ['windows', [], windowUpdate(0, 1)],
    ['windows of a stream', [headers(1)], windowUpdate(1, 1)],
    ['windows of one that is over', [headers(1), reset(1, cancel)], windowUpdate(1, 1)],
    ['resets', [headers(1)], reset(1, cancel)],
    ['empty data', [opening(1)], data(1, '')],
    ['data of one that is over', [headers(1), reset(1, cancel)], data(1, 'x')],
    ['headers of one that is over', [headers(1), reset(1, cancel)], headers(1)],
    ['continuations', [headers(1, get, endStream)], frame(frameType.continuation, 0, 1)],
  ]
  for (const [name, begin, one] of floods)
    test(`follows if a client sends only ${name}`, async () => {
      const connection = await TestConnection.greeted()
      await connection.send(...begin, ...Array.from({ length: maxControlFrames - 2 }, () => one))
      assert.deepEqual(connection.failures, [])
      const received = await connection.send(one, one, one)
      assert.match(received.at(-1) ?? '', /^goAway \d ENHANCE_YOUR_CALM$/)
    })

  test("follows if a client's settings change every window over and over", async () => {
    const connection = await TestConnection.greeted()
    const many = settings(Array.from({ length: maxControlFrames + 1 }, (_, i) => [setting.initialWindowSize, i] as const))
    assert.deepEqual(await connection.send(many), ['goAway 0 ENHANCE_YOUR_CALM'])
  })
})

describe('Refusals that nobody reads', () => {
  test(`end their connection if there are more than ${maxUnreadRefusals}`, async () => {
    const connection = await TestConnection.greeted(refuse, shut)
    await connection.send(...ids.slice(0, maxUnreadRefusals).map(id => headers(id)))
    assert.deepEqual(connection.failures, [])
    assert.equal((await connection.send(headers(999))).at(-1), 'goAway 999 ENHANCE_YOUR_CALM')
    assert.equal(connection.socket.destroyed, true)
  })

  test('do not if they are read, at once or later, or if the client continues with its request', async () => {
    const connection = await TestConnection.greeted(refuse, shut)
    const shots = (from: number) => ids.slice(from, from + maxUnreadRefusals)
    await connection.send(...shots(0).map(id => headers(id)))
    await connection.send(...shots(0).map(id => windowUpdate(id, 100)))
    await connection.send(...shots(32).map(id => opening(id)))
    await connection.send(...shots(32).map(id => windowUpdate(id, 100)))
    await connection.send(...shots(64).map(id => headers(id)))
    await connection.send(...shots(64).map(id => reset(id, cancel)))
    await connection.send(...shots(96).map(id => headers(id)))
    await connection.send(settings([[setting.initialWindowSize, 1000]]))
    for (const id of ids.slice(128)) await connection.send(headers(id))
    assert.deepEqual(connection.failures, [])
    assert.equal(connection.bodies.size, ids.length - maxUnreadRefusals)
  })

  test('other answers are not counted', async () => {
    const connection = await TestConnection.greeted(answerOk, shut)
    await connection.send(...ids.slice(0, 100).map(id => headers(id)))
    assert.deepEqual(connection.failures, [])
  })
})
