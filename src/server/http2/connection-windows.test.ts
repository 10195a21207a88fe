// Flow control in both directions (RFC 9113, 5.2 and 6.9), and what a connection buffers.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bodyTerms, data, headers, opening, reset, settings, TestConnection, windowUpdate, withLength } from './connection.testing.ts'
import type { Http2Stream } from './stream.ts'
import { frameFlag, setting } from './wire/frames.ts'

const { endStream, padded } = frameFlag
const unreadWindow = 65_535
const streamWindow = 1024 * 1024
const frameSize = 16_384
const cancel = 8
const whole = Buffer.alloc(frameSize, 'x')
const answer = (length: number) => (stream: Http2Stream) => {
  stream.respond(200, [], false)
  stream.end([Buffer.alloc(length, `${stream.id % 10}`)])
}
const head = (stream: number) => `headers ${stream} :status=200`
const window = (size: number) => [[setting.initialWindowSize, size]] as const
/** Some MiB in whole frames. */
const mebibytes = (stream: number, count: number) => Array.from({ length: count * 64 }, () => data(stream, whole))
/** As much as a client may send of a body that nobody reads. */
const fullWindow = (stream: number) => [data(stream, whole), data(stream, whole), data(stream, whole), data(stream, whole.subarray(1))]
/** So many bytes have to be told of as taken before more than the window of the connection can come. */
const windowOf = (received: readonly string[], stream: number) =>
  received.map(line => line.match(`^window ${stream} (\\d+)`)?.[1]).reduce((sum, more) => sum + Number(more ?? 0), 0)

describe('Http2ServerConnection, sending,', () => {
  test('6.9.2, keeps to a window of one byte, and sends the rest as it is widened', async () => {
    const connection = await TestConnection.greeted(answer(5), window(1))
    assert.deepEqual(await connection.send(headers(1)), [head(1), 'data 1 1'])
    assert.deepEqual(await connection.send(windowUpdate(1, 2)), ['data 1 2'])
    assert.deepEqual(await connection.send(windowUpdate(1, 100)), ['data 1 2 end'])
  })

  test('6.9.2, sends nothing into a window of zero but an empty end', async () => {
    const connection = await TestConnection.greeted(stream => answer(stream.id === 1 ? 5 : 0)(stream), window(0))
    assert.deepEqual(await connection.send(headers(1), headers(3)), [head(1), head(3), 'data 3 0 end'])
    assert.deepEqual(await connection.send(settings(window(3))), ['settings ack', 'data 1 3'])
  })

  test('6.9.2, waits until a window that a setting made negative is positive again', async () => {
    const connection = await TestConnection.greeted(answer(30), window(10))
    assert.deepEqual(await connection.send(headers(1)), [head(1), 'data 1 10'])
    // Minus 7.
    assert.deepEqual(await connection.send(settings(window(3))), ['settings ack'])
    assert.deepEqual(await connection.send(windowUpdate(1, 7)), [])
    assert.deepEqual(await connection.send(windowUpdate(1, 1)), ['data 1 1'])
    // A new stream has the new setting.
    assert.deepEqual(await connection.send(headers(3)), [head(3), 'data 3 3'])
  })

  test("respects the connection's window, whatever the streams' windows", async () => {
    const connection = await TestConnection.greeted(answer(50_000), window(2 ** 31 - 1))
    const received = await connection.send(headers(1), headers(3))
    const sizes = received.filter(line => line.startsWith('data')).map(line => Number(line.split(' ')[2]))
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      65_535,
    )
    assert.deepEqual(await connection.send(windowUpdate(0, 34_465)), ['data 3 16384', 'data 3 16384', 'data 3 1697 end'])
    assert.equal(connection.bodies.get(3), '3'.repeat(50_000))
  })

  test('does not count as a flood if a reader widens both windows for each 4 KiB', async () => {
    const connection = await TestConnection.greeted(answer(70_000), window(2 ** 31 - 1))
    await connection.send(headers(1), headers(3))
    assert.deepEqual(await connection.send(reset(1, cancel), windowUpdate(0, 4465)), ['data 3 4465'])
  })

  test('takes it for no flood where a reader widens both windows for each 4 KiB', async () => {
    const length = 3 * 1024 * 1024
    const connection = await TestConnection.greeted(answer(length))
    await connection.send(headers(1))
    for (let credited = 0; credited < length; credited += 8 * 4096) {
      const widened = Array.from({ length: 8 }, () => [windowUpdate(0, 4096), windowUpdate(1, 4096)])
      await connection.send(...widened.flat())
    }
    assert.deepEqual([connection.failures, connection.bodies.get(1)?.length], [[], length])
  })

  test('4.2, sends no frame larger than 16 KiB, whatever the client would accept', async () => {
    const connection = await TestConnection.greeted(answer(40_000), [[setting.maxFrameSize, 2 ** 24 - 1]])
    assert.deepEqual(await connection.send(headers(1)), [head(1), 'data 1 16384', 'data 1 16384', 'data 1 7232 end'])
  })

  test('sends waiting streams in turn, one frame of each, and a small answer before the rest of large ones', async () => {
    const connection = await TestConnection.greeted(stream => answer(stream.id === 7 ? 10 : 300_000)(stream), window(2 ** 31 - 1))
    await connection.send(windowUpdate(0, 10_000_000))
    connection.socket.isHeld = true
    // The frame in progress first, and then what the outbox takes of the first stream.
    await connection.send(headers(1), headers(3), headers(5))
    await connection.send(headers(7))
    const taken: string[] = []
    for (let i = 0; i < 3; i++) {
      connection.socket.release()
      taken.push(...(await connection.received()))
    }
    const order = taken.filter(line => line.startsWith('data')).map(line => line.split(' ')[1])
    const small = order.indexOf('7')
    assert.deepEqual(order.slice(small, small + 7), ['7', '1', '3', '5', '1', '3', '5'])
    connection.socket.isHeld = false
    while (connection.bodies.get(5)?.length !== 300_000) {
      connection.socket.release()
      await connection.received()
    }
    assert.deepEqual(
      [1, 3, 5, 7].map(id => connection.bodies.get(id)?.length),
      [300_000, 300_000, 300_000, 10],
    )
  })

  test('a stream whose window is widened keeps its place behind others while there is no room', async () => {
    const connection = await TestConnection.greeted(answer(200_000), window(1_000_000))
    await connection.send(windowUpdate(0, 10_000_000))
    connection.socket.isHeld = true
    await connection.send(headers(1), headers(3), headers(5), windowUpdate(1, 1))
    connection.socket.release()
    await connection.received()
    connection.socket.release()
    const order = (await connection.received()).filter(line => line.startsWith('data')).map(line => line.split(' ')[1])
    assert.deepEqual(order.slice(0, 4), ['1', '3', '5', '1'])
  })

  test('data added to a waiting stream does not precede others', async () => {
    const connection = await TestConnection.greeted(stream => {
      stream.respond(200, [], false)
      stream.write([Buffer.alloc(200_000)])
    }, window(1_000_000))
    await connection.send(windowUpdate(0, 10_000_000))
    connection.socket.isHeld = true
    await connection.send(headers(1), headers(3), headers(5))
    connection.streams[2]?.write([Buffer.alloc(10)])
    connection.socket.release()
    await connection.received()
    connection.socket.release()
    const order = (await connection.received()).filter(line => line.startsWith('data')).map(line => line.split(' ')[1])
    assert.deepEqual(order.slice(0, 4), ['1', '3', '5', '1'])
  })

  test('write() reports that the reader is behind, and onDrain() that there is space again, or at once if there is', async () => {
    const connection = await TestConnection.greeted(undefined, window(10))
    await connection.send(headers(1))
    const [stream] = connection.streams
    assert.ok(stream)
    stream.respond(200, [], false)
    let drained = 0
    const drain = () => void drained++
    assert.equal(stream.write([Buffer.alloc(100)]), true)
    stream.onDrain(drain)
    assert.equal(drained, 1)
    assert.equal(stream.write([Buffer.alloc(20_000)]), false)
    stream.onDrain(drain)
    await connection.send(windowUpdate(1, 1000))
    assert.equal(drained, 1)
    await connection.send(windowUpdate(1, 5000))
    assert.equal(drained, 2)
    // Once.
    await connection.send(windowUpdate(1, 5000))
    assert.equal(drained, 2)
    stream.write([Buffer.alloc(20_000)])
    stream.onDrain(drain)
    await connection.send(reset(1, cancel))
    assert.equal(drained, 3)
    assert.equal(stream.write([Buffer.alloc(20_000)]), true)
  })
})

describe('Http2ServerConnection, receiving,', () => {
  test('takes a body of 1-byte frames', async () => {
    const connection = await TestConnection.greeted()
    await connection.send(opening(1, withLength(3000)))
    const body = connection.streams[0]?.collect(3000, bodyTerms)
    await connection.send(...Array.from({ length: 2999 }, () => data(1, 'x')), data(1, 'y', endStream))
    assert.equal((await body)?.toString(), `${'x'.repeat(2999)}y`)
    assert.deepEqual(connection.failures, [])
  })

  test('6.9.1, resets a stream whose body exceeds its window, and acknowledges all of it', async () => {
    const connection = await TestConnection.greeted()
    let told = 0
    for (let id = 1; id < 64; id += 2) {
      told += windowOf(await connection.send(opening(id), ...fullWindow(id)), 0)
      const received = await connection.send(data(id, 'x'))
      assert.deepEqual(
        received.filter(line => !line.startsWith('window 0')),
        [`reset ${id} FLOW_CONTROL_ERROR`],
      )
      told += windowOf(received, 0)
    }
    assert.equal(told, 32 * (unreadWindow + 1))
  })

  test('holds up no body that is read by those that are not', async () => {
    const connection = await TestConnection.greeted()
    // More than the window of the connection.
    for (let id = 1; id < 2 * 100; id += 2) await connection.send(opening(id), ...fullWindow(id))
    await connection.send(opening(201, withLength(streamWindow)), ...fullWindow(201))
    const body = connection.streams.at(-1)?.collect(streamWindow, bodyTerms)
    assert.equal(windowOf(await connection.received(), 201), streamWindow - unreadWindow)
    const rest = streamWindow - unreadWindow
    const frames = Array.from({ length: rest / frameSize }, () => data(201, whole))
    await connection.send(...frames, data(201, whole.subarray(0, rest % frameSize), endStream))
    assert.equal((await body)?.length, streamWindow)
    assert.deepEqual(connection.failures, [])
  })

  test('widens the window of no stream whose body fits the first one', async () => {
    const connection = await TestConnection.greeted()
    await connection.send(opening(1, withLength(unreadWindow)))
    const body = connection.streams[0]?.collect(streamWindow, bodyTerms)
    assert.deepEqual(await connection.received(), [])
    await connection.send(...fullWindow(1), data(1, '', endStream))
    assert.equal((await body)?.length, unreadWindow)
  })

  test('6.9.1, closes a connection whose bodies go beyond its window', async () => {
    const connection = await TestConnection.greeted()
    const received: string[] = []
    // Passed on to one who reads nothing.
    for (const id of [1, 3, 5, 7, 9]) {
      await connection.send(opening(id))
      connection.streams.at(-1)?.pass(bodyTerms)
      received.push(...(await connection.send(...mebibytes(id, 1))))
    }
    assert.deepEqual(received.at(-1), 'goAway 9 FLOW_CONTROL_ERROR')
  })

  test('acknowledges padding at once, and a collected body as it arrives', async () => {
    const connection = await TestConnection.greeted()
    // 256 of 257 bytes are padding and its length: nothing reads the rest.
    const frames = Array.from({ length: 2048 }, () =>
      data(1, Buffer.concat([Buffer.from([255]), Buffer.from('x'), Buffer.alloc(255)]), padded),
    )
    const returned = await connection.send(opening(1), ...frames)
    assert.ok(returned.every(line => line === 'window 1 32768'))
    assert.equal(windowOf(returned, 1), 2048 * 256)
    const body = connection.streams[0]?.collect(streamWindow, bodyTerms)
    assert.deepEqual(await connection.received(), [`window 1 ${streamWindow - unreadWindow}`])
    const received = await connection.send(...mebibytes(1, 1).slice(0, 33), data(1, '', endStream))
    assert.deepEqual(received, [`window 1 ${2048 + 32 * frameSize}`])
    assert.equal((await body)?.length, 2048 + 33 * frameSize)
  })

  test('counts padding alone as frames that ask for nothing', async () => {
    const connection = await TestConnection.greeted()
    const frames = Array.from({ length: 1100 }, () => data(1, Buffer.concat([Buffer.from([1]), Buffer.alloc(1)]), padded))
    assert.deepEqual((await connection.send(opening(1), ...frames)).at(-1), 'goAway 1 ENHANCE_YOUR_CALM')
  })

  const unread: readonly (readonly [name: string, end: (stream: Http2Stream) => void, ends: boolean])[] = [
    ['a request that is refused with its body unread', stream => stream.respond(403, [], true), true],
    ['a request that is reset', stream => stream.reset(cancel), false],
    ['a whole request that is reset', stream => stream.reset(cancel), true],
    ['a passed body that nobody reads', stream => [stream.pass(bodyTerms), stream.reset(cancel)], false],
    ['a whole passed body that nobody reads', stream => [stream.pass(bodyTerms), stream.reset(cancel)], true],
    [
      'a refusal of what is announced as too large',
      stream => stream.collect(10, bodyTerms).catch(() => stream.respond(413, [], true)),
      true,
    ],
  ]
  for (const [name, end, ends] of unread)
    test(`acknowledges the whole body of ${name}`, async () => {
      const connection = await TestConnection.greeted()
      let credited = 0
      for (let i = 0; i < 6; i++) {
        const id = 2 * i + 1
        const frames = mebibytes(id, 1).slice(0, 40)
        credited += windowOf(await connection.send(opening(id), ...frames, data(id, 'x', ends ? endStream : 0)), 0)
        const stream = connection.streams.at(-1)
        assert.ok(stream)
        end(stream)
        credited += windowOf(await connection.received(), 0)
        if (!stream.isClosed) credited += windowOf(await connection.send(reset(id, cancel)), 0)
      }
      // All but what is too small for a frame.
      assert.ok(credited > 6 * 40 * frameSize - 2 * streamWindow, `${credited}`)
      assert.deepEqual(connection.failures, [])
    })

  test('acknowledges bytes for a stream that has ended, or beyond its length', async () => {
    const connection = await TestConnection.greeted()
    await connection.send(opening(1), reset(1, cancel))
    assert.equal(windowOf(await connection.send(...mebibytes(1, 2)), 0), 2 * streamWindow)
    let credited = 0
    for (let id = 3; id < 300; id += 2) credited += windowOf(await connection.send(opening(id, withLength(1)), data(id, whole)), 0)
    assert.equal(credited, 2 * streamWindow)
  })

  test('a passed body comes no faster than it is read', async () => {
    const connection = await TestConnection.greeted()
    await connection.send(opening(1))
    const passed = connection.streams[0]?.pass(bodyTerms)
    assert.ok(passed)
    let read = 0
    assert.deepEqual(await connection.send(...mebibytes(1, 1)), [`window 1 ${streamWindow - unreadWindow}`])
    passed.on('data', (part: Buffer) => {
      read += part.length
    })
    const credited = windowOf(await connection.received(), 1)
    assert.ok(credited >= streamWindow / 2, `${credited} of ${read}`)
    passed.destroy()
    await connection.received()
    // Data that arrives then is dropped.
    assert.ok(windowOf(await connection.send(...mebibytes(1, 1).slice(0, 40)), 1) > 0)
  })
})

describe('Http2ServerConnection, where the client reads nothing,', () => {
  test('stops reading, buffers a limited part of its answers, and continues when the client reads', async () => {
    const asked = 100
    const connection = await TestConnection.greeted(
      stream => {
        stream.respond(200, ['x-long', 'y'.repeat(frameSize / 2)], false)
        stream.end([Buffer.alloc(100_000)])
      },
      window(2 ** 31 - 1),
    )
    await connection.send(windowUpdate(0, 2 ** 30))
    connection.socket.isHeld = true
    for (let i = 0; i < asked; i++) await connection.send(headers(2 * i + 1))
    const begun = connection.streams.length
    assert.ok(connection.socket.isPaused() && begun > 40 && begun < 60, `${begun} requests`)
    const { writableLength } = connection.socket
    assert.ok(writableLength < 1024 * 1024, `${writableLength}`)
    connection.socket.isHeld = false
    connection.socket.release()
    for (let i = 0; i < 100 && connection.bodies.size < asked; i++) await connection.received()
    assert.deepEqual([connection.streams.length, connection.socket.isPaused(), connection.failures], [asked, false, []])
    assert.equal(connection.bodies.get(2 * asked - 1)?.length, 100_000)
  })
})
