// How answers, streams and connections end: early, late, by a stop, or with their socket.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bodyTerms, data, headers, opening, ping, reset, settings, TestConnection, windowUpdate } from './connection.testing.ts'
import { maxControlFrames } from './control-budget.ts'
import type { Http2Stream } from './stream.ts'
import { maxUnreadBytes, maxUnreadMs } from './stream.ts'
import { errorCode, frameFlag, preface, setting } from './wire/frames.ts'

const { endStream } = frameFlag
const cancel = 8
const whole = Buffer.alloc(16_384, 'x')
const shut = [[setting.initialWindowSize, 0]] as const
const answerOk = (stream: Http2Stream) => {
  stream.respond(200, [], false)
  stream.end([Buffer.from('{}')])
}
const head = (stream: number, status = 200) => `headers ${stream} :status=${status}`
const ids = Array.from({ length: 400 }, (_, i) => 2 * i + 1)

describe('An answer before the end of its request', () => {
  test("leaves the stream open for the rest of the client's body, and closes it then", async () => {
    const connection = await TestConnection.greeted(answerOk)
    assert.deepEqual(await connection.send(opening(1)), [head(1), 'data 1 2 end'])
    const [stream] = connection.streams
    assert.deepEqual([stream?.isAnswered, stream?.isClosed], [true, false])
    assert.deepEqual(await connection.send(data(1, whole), data(1, 'x', endStream)), [])
    assert.equal(stream?.isClosed, true)
  })

  test('ends with a reset if too much arrives', async () => {
    const connection = await TestConnection.greeted(answerOk)
    await connection.send(opening(1))
    const received: string[] = []
    for (let sent = 0; sent <= maxUnreadBytes; sent += 8 * whole.length)
      received.push(...(await connection.send(...Array.from({ length: 8 }, () => data(1, whole)))))
    assert.deepEqual(
      received.filter(line => !line.startsWith('window')),
      ['reset 1 NO_ERROR'],
    )
  })

  test('ends with a reset if the rest takes too long, and clears its timer', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const connection = await TestConnection.greeted(answerOk)
    await connection.send(opening(1), opening(3))
    await connection.send(data(3, 'x', endStream))
    t.mock.timers.tick(maxUnreadMs - 1)
    assert.deepEqual(await connection.received(), [])
    t.mock.timers.tick(1)
    assert.deepEqual(await connection.received(), ['reset 1 NO_ERROR'])
  })

  test('leaves no timer of a stream that is over', async t => {
    const [set, cleared] = [t.mock.method(globalThis, 'setTimeout'), t.mock.method(globalThis, 'clearTimeout')]
    const connection = await TestConnection.greeted(answerOk)
    await connection.send(opening(1))
    const timer: unknown = set.mock.calls.find(({ arguments: [, ms] }) => ms === maxUnreadMs)?.result
    assert.notEqual(timer, undefined)
    await connection.send(data(1, 'x', endStream))
    assert.ok(cleared.mock.calls.some(({ arguments: [one] }) => one === timer))
  })

  test('is the last frame written', async () => {
    const connection = await TestConnection.greeted(stream => {
      answerOk(stream)
      stream.respond(200, [], false)
      assert.equal(stream.write([Buffer.from('more')]), true)
      stream.end([Buffer.from('more')])
      stream.reset(errorCode.internalError)
      stream.reset(errorCode.internalError)
      stream.respond(200, [], true)
    })
    assert.deepEqual(await connection.send(opening(1)), [head(1), 'data 1 2 end', 'reset 1 INTERNAL_ERROR'])
  })

  test('may follow a 100', async () => {
    const connection = await TestConnection.greeted(stream => stream.respond(100, [], false))
    assert.deepEqual(await connection.send(opening(1)), [head(1, 100)])
    connection.streams[0]?.respond(204, [], true)
    assert.deepEqual(await connection.received(), ['headers 1 :status=204 end'])
  })
})

describe('Http2Stream.onClose()', () => {
  test('calls the last listener once, whichever side ends the stream, also one that writes and ends again', async () => {
    const calls: number[] = []
    const connection = await TestConnection.greeted(stream => {
      stream.onClose(() => assert.fail('taken back'))
      stream.onClose(() => {
        calls.push(stream.id)
        stream.write([Buffer.from('x')])
        stream.end()
        stream.reset(errorCode.cancel)
        stream.close()
      })
      if (stream.id === 5) stream.onClose(undefined)
    })
    await connection.send(...[1, 3, 5, 7].map(id => headers(id)))
    assert.deepEqual(await connection.send(reset(1, cancel), reset(5, cancel)), [])
    connection.streams[1]?.respond(204, [], true)
    await connection.received()
    assert.deepEqual(calls, [1, 3])
    connection.socket.destroy()
    await connection.received()
    assert.deepEqual(calls, [1, 3, 7])
  })

  for (const [name, end] of [
    [
      'the client ends its side, and reads nothing',
      connection => {
        connection.socket.isHeld = true
        connection.connection.look()
        setImmediate(() => connection.socket.push(null))
      },
    ],
    ['the socket fails', connection => connection.socket.destroy(new Error('reset by peer'))],
    ['the server ends the connection, twice', connection => [connection.connection.destroy(), connection.connection.destroy()]],
    ['the client breaks a rule', connection => connection.socket.push(windowUpdate(0, 0))],
  ] as const satisfies readonly (readonly [string, (connection: TestConnection) => unknown])[])
    test(`is notified of each stream, and bodies end, if ${name}`, async () => {
      const closed: number[] = []
      const connection = await TestConnection.greeted(stream => stream.onClose(() => closed.push(stream.id)), shut)
      await connection.send(opening(1), headers(3), opening(5))
      const body = connection.streams[0]?.collect(10, bodyTerms)
      connection.streams[1]?.respond(200, [], false)
      assert.equal(connection.streams[1]?.write([Buffer.alloc(20_000)]), false)
      const drained = new Promise<void>(resolve => connection.streams[1]?.onDrain(resolve))
      const passed = connection.streams[2]?.pass(bodyTerms)
      end(connection)
      await assert.rejects(Promise.resolve(body), /ended early/)
      await drained
      await connection.received()
      assert.deepEqual([closed, passed?.destroyed, connection.socket.destroyed], [[1, 3, 5], true, true])
      // Whatever is done then does nothing.
      for (const stream of connection.streams) {
        stream.respond(200, [], false)
        stream.end([Buffer.from('x')])
        stream.reset(errorCode.cancel)
      }
      connection.connection.goAway()
      connection.connection.look()
    })
})

describe('Http2ServerConnection.goAway()', () => {
  test('ends a connection with nothing open', async () => {
    const connection = await TestConnection.greeted()
    connection.connection.goAway()
    connection.connection.goAway()
    assert.deepEqual(await connection.received(), ['goAway 0 NO_ERROR'])
    assert.equal(connection.socket.destroyed, true)
  })

  test('lets running streams end, refuses new ones, and names the last that it started', async () => {
    const connection = await TestConnection.greeted()
    await connection.send(headers(1), opening(3))
    connection.connection.goAway()
    assert.deepEqual(await connection.send(headers(5)), ['goAway 3 NO_ERROR', 'reset 5 REFUSED_STREAM'])
    connection.streams.map(answerOk)
    assert.deepEqual(await connection.received(), [head(1), 'data 1 2 end', head(3), 'data 3 2 end'])
    assert.equal(connection.socket.destroyed, false)
    await connection.send(data(3, 'rest', endStream))
    assert.equal(connection.socket.destroyed, true)
    assert.deepEqual(connection.failures, [])
  })

  test('never names more than it started, whatever fails then', async () => {
    const connection = await TestConnection.greeted()
    await connection.send(headers(1))
    connection.connection.goAway()
    assert.deepEqual(await connection.send(headers(3), windowUpdate(0, 0)), [
      'goAway 1 NO_ERROR',
      'reset 3 REFUSED_STREAM',
      'goAway 1 PROTOCOL_ERROR',
    ])
  })

  test('loses nothing of answers that the socket has not taken yet', async () => {
    const connection = await TestConnection.greeted()
    await connection.send(headers(1), headers(3))
    connection.socket.isHeld = true
    const [first, second] = connection.streams
    first?.respond(200, [], true)
    await connection.received()
    connection.connection.goAway()
    second?.respond(200, [], false)
    second?.end([Buffer.alloc(60_000)])
    await connection.received()
    assert.equal(connection.socket.writableEnded, false)
    connection.socket.isHeld = false
    connection.socket.release()
    await connection.received()
    assert.deepEqual([connection.bodies.get(3)?.length, connection.socket.destroyed], [60_000, true])
  })
})

describe('Http2ServerConnection.look()', () => {
  test('ends a client that sends nothing for two checks, though its socket accepts each ping', async () => {
    for (const begin of [[], [Buffer.from(preface), settings([])]]) {
      const connection = new TestConnection()
      if (begin.length > 0) await connection.send(...begin)
      await connection.received()
      connection.connection.look()
      assert.deepEqual(await connection.received(), ['ping 0000000000000000'])
      connection.connection.look()
      assert.equal(connection.socket.destroyed, true)
    }
  })

  test('keeps one that answers pings, and one that reads its data', async () => {
    const connection = await TestConnection.greeted(
      stream => {
        stream.respond(200, [], false)
        stream.write([Buffer.alloc(1_000_000)])
      },
      [[setting.initialWindowSize, 2 ** 31 - 1]],
    )
    for (let i = 0; i < 5; i++) {
      connection.connection.look()
      await connection.send(ping())
    }
    await connection.send(windowUpdate(0, 2 ** 30))
    connection.socket.isHeld = true
    await connection.send(headers(1))
    for (let i = 0; i < 4; i++) {
      connection.connection.look()
      connection.socket.release()
      await connection.received()
    }
    assert.equal(connection.socket.destroyed, false)
    connection.connection.look()
    connection.connection.look()
    assert.equal(connection.socket.destroyed, true)
  })

  test('cuts an answer whose end waits at two looks and is not taken, and no other', async () => {
    const connection = await TestConnection.greeted(undefined, shut)
    await connection.send(...[1, 3, 5, 7].map(id => headers(id)))
    const [ended, goesOn, read, later] = connection.streams
    const end = (stream?: Http2Stream) => stream?.end([Buffer.alloc(50_000)])
    for (const stream of connection.streams) stream.respond(200, [], false)
    for (const stream of [ended, read]) end(stream)
    goesOn?.write([Buffer.alloc(50_000)])
    const look = (...frames: Buffer[]) => {
      connection.connection.look()
      return connection.send(ping(), ...frames)
    }
    assert.deepEqual(
      (await look(windowUpdate(5, 2000))).filter(line => line.startsWith('reset')),
      [],
    )
    end(later)
    assert.deepEqual(
      (await look(windowUpdate(5, 2000), windowUpdate(7, 100))).filter(line => line.startsWith('reset')),
      ['reset 1 CANCEL'],
    )
    assert.deepEqual(
      (await look()).filter(line => line.startsWith('reset')),
      ['reset 7 CANCEL'],
    )
    assert.deepEqual(
      (await look()).filter(line => line.startsWith('reset')),
      ['reset 5 CANCEL'],
    )
    assert.equal(goesOn?.isClosed, false)
  })

  test('cuts no answer that waits for its turn behind others, but one whose own window stays shut', async () => {
    const connection = await TestConnection.greeted(stream => {
      stream.respond(200, [], false)
      stream.end([Buffer.alloc(60_000)])
    }, shut)
    // The window of the connection is all that keeps the others.
    await connection.send(...ids.slice(0, 40).map(id => headers(id)))
    await connection.send(...ids.slice(1, 40).map(id => windowUpdate(id, 60_000)))
    for (let i = 0; i < 10; i++) {
      connection.connection.look()
      await connection.send(ping(), windowUpdate(0, 70_000))
    }
    assert.deepEqual(
      connection.streams.filter(stream => stream.isClosed && !stream.isAnswered).map(({ id }) => id),
      [1],
    )
    // Now they stop reading.
    connection.connection.look()
    await connection.send(ping())
    connection.connection.look()
    await connection.received()
    assert.ok(connection.streams.every(stream => stream.isClosed))
  })

  test('renews what a client may send', async () => {
    const connection = await TestConnection.greeted()
    for (let i = 0; i < 5; i++) {
      await connection.send(...Array.from({ length: maxControlFrames - 10 }, () => ping()))
      connection.connection.look()
    }
    assert.deepEqual(connection.failures, [])
  })
})
