// Protocol errors, in the order of h2spec's sections: whether the stream or the connection ends, and with which code.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  block,
  data,
  type Fields,
  frame,
  get,
  goAway,
  headers,
  opening,
  ping,
  post,
  reset,
  settings,
  TestConnection,
  windowUpdate,
  withLength,
} from './connection.testing.ts'
import { frameFlag, frameType, preface, setting } from './wire/frames.ts'

const { endStream, endHeaders, padded, priority, ack } = frameFlag
const ended = endHeaders | endStream
const cancel = 8
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const greeting = [Buffer.from(preface), settings([])]
const dependsOn = (stream: number) => Buffer.from([0, 0, 0, stream, 16])
/** A whole request whose fields are `get` and these. */
const withField = (...fields: Fields) => headers(1, [...get, ...fields])
const without = (name: string) =>
  headers(
    1,
    get.filter(([field]) => field !== name),
  )
const fieldsOfSize = (count: number, length: number): Fields =>
  Array.from({ length: count }, (_, i) => [`x-${i}`, 'y'.repeat(length)] as const)

type Row = readonly [name: string, code: string, ...frames: Buffer[]]

const connectionErrors: readonly Row[] = [
  ['4.1, a frame of stream 0 that is none of it', 'PROTOCOL_ERROR', data(0, 'x')],
  ['4.2, a DATA frame beyond the largest', 'FRAME_SIZE_ERROR', opening(1), data(1, Buffer.alloc(16_385))],
  ['4.2, a HEADERS frame beyond the largest', 'FRAME_SIZE_ERROR', frame(frameType.headers, ended, 1, Buffer.alloc(16_385))],
  ['4.2, an unknown frame beyond the largest', 'FRAME_SIZE_ERROR', frame(99, 0, 0, Buffer.alloc(16_385))],
  ['4.3, a block that cannot be decoded', 'COMPRESSION_ERROR', frame(frameType.headers, ended, 1, hex('ff'))],
  ['4.3, a PRIORITY within a block', 'PROTOCOL_ERROR', headers(1, get, endStream), frame(frameType.priority, 0, 3, dependsOn(5))],
  ['4.3, a HEADERS of another stream within a block', 'PROTOCOL_ERROR', headers(1, get, endStream), headers(3)],
  ['4.3, a DATA within a block', 'PROTOCOL_ERROR', headers(1, post, 0), data(1, 'x')],
  ['4.3, an unknown frame within a block', 'PROTOCOL_ERROR', headers(1, get, endStream), frame(99, 0, 0)],
  ['5.1, a DATA on an idle stream', 'PROTOCOL_ERROR', data(1, 'x')],
  ['5.1, a RST_STREAM on an idle stream', 'PROTOCOL_ERROR', reset(1, cancel)],
  ['5.1, a WINDOW_UPDATE on an idle stream', 'PROTOCOL_ERROR', windowUpdate(1, 100)],
  ['5.1, a CONTINUATION on an idle stream', 'PROTOCOL_ERROR', frame(frameType.continuation, endHeaders, 1, block(get))],
  ['5.1.1, a stream of an even number', 'PROTOCOL_ERROR', headers(2)],
  ['5.1.1, a stream of a lower number than another', 'PROTOCOL_ERROR', headers(9), headers(5)],
  ['5.1.1, a DATA on a stream that was left out', 'PROTOCOL_ERROR', headers(9), data(5, 'x')],
  [
    '5.1.1, a stream that was left out long ago',
    'PROTOCOL_ERROR',
    headers(3),
    ...Array.from({ length: 99 }, (_, i) => headers(5 + 2 * i)),
    headers(1),
  ],
  [
    '5.3.1, a HEADERS that depends on itself',
    'PROTOCOL_ERROR',
    frame(frameType.headers, ended | priority, 1, Buffer.concat([dependsOn(1), block(get)])),
  ],
  ['5.3.1, a PRIORITY that depends on itself', 'PROTOCOL_ERROR', frame(frameType.priority, 0, 1, dependsOn(1))],
  ['6.1, padding that is as long as its DATA', 'PROTOCOL_ERROR', opening(1), data(1, '\x05abcd', padded)],
  ['6.2, padding that is as long as its HEADERS', 'PROTOCOL_ERROR', frame(frameType.headers, ended | padded, 1, '\x05abcd')],
  ['6.2, a HEADERS of stream 0', 'PROTOCOL_ERROR', headers(0)],
  ['6.2, a HEADERS that ends within its priority', 'FRAME_SIZE_ERROR', frame(frameType.headers, ended | priority, 1, 'abcd')],
  ['6.3, a PRIORITY of stream 0', 'PROTOCOL_ERROR', frame(frameType.priority, 0, 0, dependsOn(1))],
  ['6.3, a PRIORITY of 4 bytes', 'FRAME_SIZE_ERROR', frame(frameType.priority, 0, 1, 'abcd')],
  ['6.4, a RST_STREAM of stream 0', 'PROTOCOL_ERROR', reset(0, cancel)],
  ['6.4, a RST_STREAM of 3 bytes', 'FRAME_SIZE_ERROR', headers(1), frame(frameType.rstStream, 0, 1, 'abc')],
  ['6.5, SETTINGS of a stream', 'PROTOCOL_ERROR', frame(frameType.settings, 0, 1)],
  ['6.5, an acknowledgement that holds settings', 'FRAME_SIZE_ERROR', frame(frameType.settings, ack, 0, '\0\x03\0\0\0\x05')],
  ['6.5, SETTINGS of 3 bytes', 'FRAME_SIZE_ERROR', frame(frameType.settings, 0, 0, 'abc')],
  ['6.5.2, a push of 2', 'PROTOCOL_ERROR', settings([[setting.enablePush, 2]])],
  ['6.5.2, a window of 2^31', 'FLOW_CONTROL_ERROR', settings([[setting.initialWindowSize, 2 ** 31]])],
  ['6.5.2, frames of 16383 bytes', 'PROTOCOL_ERROR', settings([[setting.maxFrameSize, 16_383]])],
  ['6.5.2, frames of 2^24 bytes', 'PROTOCOL_ERROR', settings([[setting.maxFrameSize, 2 ** 24]])],
  ['6.6, a push', 'PROTOCOL_ERROR', headers(1), frame(frameType.pushPromise, endHeaders, 1, '\0\0\0\x02')],
  ['6.7, a PING of a stream', 'PROTOCOL_ERROR', frame(frameType.ping, 0, 1, '12345678')],
  ['6.7, a PING of 6 bytes', 'FRAME_SIZE_ERROR', frame(frameType.ping, 0, 0, '123456')],
  ['6.8, a GOAWAY of a stream', 'PROTOCOL_ERROR', frame(frameType.goAway, 0, 1, '\0\0\0\0\0\0\0\0')],
  ['6.8, a GOAWAY of 7 bytes', 'FRAME_SIZE_ERROR', frame(frameType.goAway, 0, 0, '\0\0\0\0\0\0\0')],
  ['6.9, a WINDOW_UPDATE of 0', 'PROTOCOL_ERROR', windowUpdate(0, 0)],
  ['6.9, a WINDOW_UPDATE of 3 bytes', 'FRAME_SIZE_ERROR', frame(frameType.windowUpdate, 0, 0, 'abc')],
  ['6.9.1, a window of the connection beyond the largest', 'FLOW_CONTROL_ERROR', windowUpdate(0, 2 ** 31 - 1)],
  [
    '6.9.2, a window of a stream that a setting carries beyond the largest',
    'FLOW_CONTROL_ERROR',
    headers(1),
    windowUpdate(1, 2 ** 31 - 1 - 65_535),
    settings([[setting.initialWindowSize, 65_536]]),
  ],
  ['6.10, a CONTINUATION behind a whole block', 'PROTOCOL_ERROR', opening(1), frame(frameType.continuation, endHeaders, 1)],
  ['6.10, a CONTINUATION of stream 0', 'PROTOCOL_ERROR', headers(1, get, endStream), frame(frameType.continuation, endHeaders, 0)],
  ['6.10, a CONTINUATION of another stream', 'PROTOCOL_ERROR', headers(1, get, endStream), frame(frameType.continuation, endHeaders, 3)],
  [
    '6.10, a block of more than 64 KiB',
    'ENHANCE_YOUR_CALM',
    headers(1, get, endStream),
    ...Array.from({ length: 4 }, () => frame(frameType.continuation, 0, 1, Buffer.alloc(16_384, block([['x', 'y']])))),
  ],
  ['7541/2.3.3, a number that no table has', 'COMPRESSION_ERROR', frame(frameType.headers, ended, 1, hex('be'))],
  ['7541/4.2, a change of the table behind a field', 'COMPRESSION_ERROR', frame(frameType.headers, ended, 1, hex('8220'))],
  ['7541/5.2, Huffman padding of more than 7 bits', 'COMPRESSION_ERROR', frame(frameType.headers, ended, 1, hex('00 82 07ff 00'))],
  ['7541/5.2, Huffman padding of zeros', 'COMPRESSION_ERROR', frame(frameType.headers, ended, 1, hex('00 81 00 00'))],
  ['7541/5.2, the end of a string within it', 'COMPRESSION_ERROR', frame(frameType.headers, ended, 1, hex('00 84 ffffffff 00'))],
  ['7541/6.1, the number 0', 'COMPRESSION_ERROR', frame(frameType.headers, ended, 1, hex('80'))],
  ['7541/6.3, a table beyond what was allowed', 'COMPRESSION_ERROR', frame(frameType.headers, ended, 1, hex('3fe21f'))],
]

const streamErrors: readonly Row[] = [
  ['5.1, a DATA behind the reset of the client', 'STREAM_CLOSED', opening(1), reset(1, cancel), data(1, 'x')],
  ['5.1, a HEADERS behind the reset of the client', 'STREAM_CLOSED', opening(1), reset(1, cancel), headers(1, [['x', 'y']])],
  ['5.1, many DATA behind the reset of the client', 'STREAM_CLOSED', opening(1), reset(1, cancel), data(1, 'x'), data(1, 'y')],
  ['5.1, a DATA behind the end of the request', 'STREAM_CLOSED', headers(1), data(1, 'x')],
  ['5.1, a HEADERS behind the end of the request', 'STREAM_CLOSED', headers(1), headers(1, [['x', 'y']])],
  ['6.9, a WINDOW_UPDATE of 0', 'PROTOCOL_ERROR', headers(1), windowUpdate(1, 0)],
  ['6.9.1, a window beyond the largest', 'FLOW_CONTROL_ERROR', headers(1), windowUpdate(1, 2 ** 31 - 1)],
  ['8.1, a second HEADERS that ends nothing', 'PROTOCOL_ERROR', opening(1), opening(1, [['x', 'y']])],
  ['8.1.2, an upper-case name', 'PROTOCOL_ERROR', withField(['X-Test', 'y'])],
  ['8.1.2.1, an unknown pseudo-header', 'PROTOCOL_ERROR', headers(1, [...get, [':test', 'y']])],
  ['8.1.2.1, a pseudo-header of answers', 'PROTOCOL_ERROR', headers(1, [...get, [':status', '200']])],
  ['8.1.2.1, a pseudo-header of a trailer', 'PROTOCOL_ERROR', opening(1), headers(1, [[':method', 'GET']])],
  ['8.1.2.1, a pseudo-header behind others', 'PROTOCOL_ERROR', headers(1, [['x', 'y'], ...get])],
  ['8.1.2.2, a header of connections', 'PROTOCOL_ERROR', withField(['connection', 'close'])],
  ['8.1.2.2, a header of connections in a trailer', 'PROTOCOL_ERROR', opening(1), headers(1, [['connection', 'close']])],
  ['8.1.2.2, a TE that is not trailers', 'PROTOCOL_ERROR', withField(['te', 'trailers, deflate'])],
  [
    '8.1.2.3, an empty path',
    'PROTOCOL_ERROR',
    headers(
      1,
      get.map(([name, value]) => [name, name === ':path' ? '' : value]),
    ),
  ],
  ['8.1.2.3, no method', 'PROTOCOL_ERROR', without(':method')],
  ['8.1.2.3, no scheme', 'PROTOCOL_ERROR', without(':scheme')],
  ['8.1.2.3, no path', 'PROTOCOL_ERROR', without(':path')],
  ['8.1.2.3, two methods', 'PROTOCOL_ERROR', headers(1, [[':method', 'GET'], ...get])],
  ['8.1.2.6, a body that is longer than its head says', 'PROTOCOL_ERROR', opening(1, withLength(3)), data(1, 'four', endStream)],
  ['8.1.2.6, a body that is shorter', 'PROTOCOL_ERROR', opening(1, withLength(3)), data(1, 'o'), data(1, 'n', endStream)],
  ['8.1.2.6, a body that is shorter, ended by trailers', 'PROTOCOL_ERROR', opening(1, withLength(3)), headers(1, [['x', 'y']])],
  ['8.1.2.6, no body where one is announced', 'PROTOCOL_ERROR', headers(1, withLength(3))],
  ['10.5.1, more than 100 fields', 'ENHANCE_YOUR_CALM', headers(1, [...get, ...fieldsOfSize(100, 1)])],
  ['10.5.1, more than 100 fields of a trailer', 'ENHANCE_YOUR_CALM', opening(1), headers(1, fieldsOfSize(101, 1))],
]

/** What continues, and the answers to it. */
const fine: readonly (readonly [name: string, received: readonly string[], ...frames: Buffer[]])[] = [
  ['4.1, an unknown frame', [], frame(99, 255, 0, 'abc'), frame(99, 255, 77, 'abc')],
  ['4.1, flags and a reserved bit that mean nothing', ['ping ack 3132333435363738'], frame(frameType.ping, 0xfe, 0x8000_0000, '12345678')],
  ['5.1, a PRIORITY on an idle stream', [], frame(frameType.priority, 0, 9, dependsOn(1))],
  [
    '5.1, what was on its way to a stream that the server has reset',
    ['reset 1 PROTOCOL_ERROR'],
    headers(1, [['x', 'y']], endHeaders),
    data(1, 'x'),
    windowUpdate(1, 1),
    headers(1, [['x', 'y']]),
    reset(1, cancel),
  ],
  [
    '5.1, resets and windows of streams that are over or were left out',
    [],
    opening(9),
    reset(9, cancel),
    reset(9, cancel),
    windowUpdate(9, 1),
    reset(3, cancel),
  ],
  ['5.5, an unknown setting', ['settings ack'], settings([[99, 1]])],
  [
    '6.2, a HEADERS with padding and a priority',
    ['reset 1 PROTOCOL_ERROR'],
    frame(
      frameType.headers,
      ended | priority | padded,
      1,
      Buffer.concat([Buffer.from([2]), dependsOn(3), block([['x', 'y']]), Buffer.alloc(2)]),
    ),
  ],
  ['6.5, settings and their acknowledgement', ['settings ack'], settings([[setting.enablePush, 1]]), frame(frameType.settings, ack, 0)],
  ['6.7, a ping, and the answer to one', ['ping ack 3837363534333231'], ping('87654321'), frame(frameType.ping, ack, 0, '12345678')],
  ['6.8, a GOAWAY', ['ping ack 3132333435363738'], goAway(0, 0), ping()],
  [
    '6.10, a block in three frames',
    [],
    headers(1, get, endStream),
    frame(frameType.continuation, 0, 1),
    frame(frameType.continuation, endHeaders, 1, block([['x', 'y']])),
  ],
  ['8.1, trailers', [], opening(1), data(1, 'x'), headers(1, [['x', 'y']])],
  ['7541/4.2, a change of the table at the beginning', ['reset 1 PROTOCOL_ERROR'], frame(frameType.headers, ended, 1, hex('20 3fe11f 82'))],
]

describe('Http2ServerConnection ends the connection for', () => {
  for (const [name, code, ...frames] of connectionErrors)
    test(name, async () => {
      const connection = await TestConnection.greeted()
      const received = await connection.send(...frames)
      assert.match(received.at(-1) ?? '', new RegExp(`^goAway \\d+ ${code}$`))
      assert.deepEqual([connection.socket.destroyed, connection.failures.length], [true, 1])
      assert.ok(connection.streams.every(stream => stream.isClosed))
    })
})

describe('Http2ServerConnection resets the stream, and goes on, for', () => {
  for (const [name, code, ...frames] of streamErrors)
    test(name, async () => {
      const connection = await TestConnection.greeted(stream => stream.id === 3 && stream.respond(200, [], true))
      assert.deepEqual(await connection.send(...frames), [`reset 1 ${code}`])
      assert.ok(connection.streams.every(stream => stream.isClosed))
      assert.deepEqual(await connection.send(headers(3)), ['headers 3 :status=200 end'])
    })
})

describe('Http2ServerConnection takes', () => {
  for (const [name, expected, ...frames] of fine)
    test(name, async () => {
      const connection = await TestConnection.greeted(stream => stream.id === 99 && stream.respond(204, [], true))
      assert.deepEqual(await connection.send(...frames), expected)
      assert.deepEqual(await connection.send(headers(99)), ['headers 99 :status=204 end'])
    })
})

describe('Http2ServerConnection begins', () => {
  test('3.4, with its settings and a wide window of the connection, and acknowledges those of the client', async () => {
    const connection = new TestConnection()
    const said = ['000200000000', '0003000000fa', '00040000ffff', '000600010000'].join('')
    assert.deepEqual(await connection.received(), [`settings ${said}`, `window 0 ${4 * 1024 * 1024 - 65_535}`])
    assert.deepEqual(await connection.send(...greeting), ['settings ack'])
  })

  for (const [name, ...pieces] of [
    ['3.5, a preface that is none', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['3.5, a preface that goes wrong in its last byte', Buffer.from(`${preface.slice(0, -1)}x`)],
    ['3.5, a frame before the settings', Buffer.from(preface), ping()],
    ['3.5, a HEADERS before the settings', Buffer.from(preface), headers(1)],
    ['3.5, an acknowledgement before the settings', Buffer.from(preface), frame(frameType.settings, ack, 0)],
  ] as const)
    test(`not behind ${name}`, async () => {
      const connection = new TestConnection()
      assert.equal((await connection.send(...pieces)).at(-1), 'goAway 0 PROTOCOL_ERROR')
      assert.equal(connection.socket.destroyed, true)
    })
})

describe('Http2ServerConnection', () => {
  test('keeps the table of headers in each way to refuse a request', async () => {
    const connection = await TestConnection.greeted()
    // Each adds a field to the table; the last one is made of their numbers.
    const adding = (name: string) => Buffer.concat([hex('4001'), Buffer.from(name), hex('0179')])
    const request = (stream: number, ...parts: Buffer[]) => frame(frameType.headers, ended, stream, Buffer.concat(parts))
    const received = await connection.send(
      opening(1),
      reset(1, cancel),
      request(1, adding('a')),
      request(3, adding('b')),
      request(5, block([...get, ...fieldsOfSize(100, 1)]), adding('c')),
      request(7, block(get), adding('d')),
      request(7, adding('e')),
      request(9, block(get), hex('be bf c0 c1 c2')),
    )
    assert.deepEqual(received, ['reset 1 STREAM_CLOSED', 'reset 3 PROTOCOL_ERROR', 'reset 5 ENHANCE_YOUR_CALM', 'reset 7 STREAM_CLOSED'])
    assert.deepEqual({ ...connection.streams.at(-1)?.head.headers }, { ':authority': 'x', a: 'y', b: 'y', c: 'y', d: 'y', e: 'y' })
  })

  test('refuses more than 250 streams, and accepts others once some have ended', async () => {
    const connection = await TestConnection.greeted()
    const all = Array.from({ length: 251 }, (_, i) => headers(2 * i + 1))
    assert.deepEqual(await connection.send(...all), ['reset 501 REFUSED_STREAM'])
    assert.equal(connection.streams.length, 250)
    assert.deepEqual(await connection.send(reset(1, cancel), headers(503)), [])
    assert.equal(connection.streams.length, 251)
  })

  test('starts nothing that arrived after its failure', async () => {
    const connection = await TestConnection.greeted(stream => stream.id === 1 && connection.connection.destroy())
    await connection.send(headers(1), headers(3), opening(5), data(5, 'x'))
    assert.deepEqual(
      connection.streams.map(({ id, isClosed }) => [id, isClosed]),
      [[1, true]],
    )
  })
})
