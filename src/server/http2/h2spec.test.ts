// The cases of h2spec, by its numbers and in its order: what a client sends, and what RFC 9113 and RFC 7541 require of a server.
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
import type { Http2Stream } from './stream.ts'
import { frameFlag, frameType, preface, setting } from './wire/frames.ts'

const { endStream, endHeaders, padded, priority, ack } = frameFlag
const ended = endHeaders | endStream
const cancel = 8
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const withBytes = (...bytes: Buffer[]) => frame(frameType.headers, ended, 1, Buffer.concat(bytes))
const on = (dependency: number, weight = 16, exclusive = false) => {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt32BE(exclusive ? 0x8000_0000 + dependency : dependency)
  bytes[4] = weight
  return bytes
}
const prioritized = (stream: number, content: Buffer | string) => frame(frameType.priority, 0, stream, content)
const continued = (stream: number, flags: number, fields: Fields = [['x', 'y']]) =>
  frame(frameType.continuation, flags, stream, block(fields))
const changed = (name: string, value: string | undefined): Fields =>
  get.flatMap(([field, before]) => (field !== name ? [[field, before] as const] : value === undefined ? [] : [[field, value] as const]))
const window = (value: number) => settings([[setting.initialWindowSize, value]])
const unfinished = headers(1, get, endStream)

/**
 * `connection CODE`: ends with this code. `stream CODE`: stream 1 is reset with it, and the connection continues. `answered`: stream 1 is.
 * `ping`: a ping is.
 * `ack`: settings are acknowledged. `DATA n`: a DATA frame of so many bytes comes. Where h2spec takes more than one answer, ours.
 */
type Case = readonly [id: string, what: string, answer: string, ...sent: Buffer[]]

const generic: readonly Case[] = [
  ['generic/1/1', 'a connection preface', 'ack'],
  ['generic/2/1', 'a PRIORITY on an idle stream', 'ping', prioritized(1, on(0, 255)), ping()],
  ['generic/2/2', 'a WINDOW_UPDATE on a half-closed stream', 'DATA 1', window(0), headers(1), windowUpdate(1, 1)],
  ['generic/2/3', 'a PRIORITY on a half-closed stream', 'DATA 1', window(0), headers(1), prioritized(1, on(0, 255)), windowUpdate(1, 1)],
  ['generic/2/4', 'a RST_STREAM on a half-closed stream', 'ping', window(0), headers(1), reset(1, cancel), ping()],
  ['generic/2/5', 'a PRIORITY on a closed stream', 'ping', headers(1), prioritized(1, on(0, 255)), ping()],
  ['generic/3.1/1', 'a DATA', 'answered', opening(1), data(1, 'test', endStream)],
  ['generic/3.1/2', 'several DATA', 'answered', opening(1), data(1, 'test'), data(1, 'test', endStream)],
  ['generic/3.1/3', 'a DATA with padding', 'answered', opening(1), data(1, '\x06test\0\0\0\0\0\0', endStream | padded)],
  ['generic/3.2/1', 'a HEADERS', 'answered', headers(1)],
  [
    'generic/3.2/2',
    'a HEADERS with padding',
    'answered',
    frame(frameType.headers, ended | padded, 1, Buffer.concat([hex('06'), block(get), Buffer.alloc(6)])),
  ],
  [
    'generic/3.2/3',
    'a HEADERS with a priority',
    'answered',
    frame(frameType.headers, ended | priority, 1, Buffer.concat([on(0, 255), block(get)])),
  ],
  ['generic/3.3/1', 'a PRIORITY of 1', 'answered', prioritized(1, on(0, 0)), headers(1)],
  ['generic/3.3/2', 'a PRIORITY of 256', 'answered', prioritized(1, on(0, 255)), headers(1)],
  ['generic/3.3/3', 'a PRIORITY with a dependency', 'answered', prioritized(3, on(1, 0)), headers(1)],
  ['generic/3.3/4', 'an exclusive PRIORITY', 'answered', prioritized(1, on(0, 0, true)), headers(1)],
  ['generic/3.3/5', 'a PRIORITY of a higher stream before a HEADERS', 'answered', prioritized(3, on(0, 255)), headers(1)],
  ['generic/3.4/1', 'a RST_STREAM', 'ping', opening(1), reset(1, cancel), ping()],
  [
    'generic/3.5/1',
    'all settings',
    'ack',
    settings([
      [1, 4096],
      [2, 1],
      [3, 100],
      [4, 65_535],
      [5, 16_384],
      [6, 100],
    ]),
  ],
  ['generic/3.7/1', 'a PING', 'ping', ping()],
  ['generic/3.8/1', 'a GOAWAY', 'ping', goAway(0, 0), ping()],
  ['generic/3.9/1', 'a WINDOW_UPDATE of the connection', 'ping', windowUpdate(0, 1), ping()],
  ['generic/3.9/2', 'a WINDOW_UPDATE of a stream', 'answered', headers(1), windowUpdate(1, 1)],
  ['generic/3.10/1', 'a CONTINUATION', 'answered', unfinished, continued(1, endHeaders)],
  ['generic/3.10/2', 'several CONTINUATION', 'answered', unfinished, continued(1, 0), continued(1, endHeaders)],
  ['generic/4/1', 'a GET', 'answered', headers(1)],
  ['generic/4/2', 'a HEAD', 'answered', headers(1, changed(':method', 'HEAD'))],
  ['generic/4/3', 'a POST', 'answered', opening(1), data(1, 'test', endStream)],
  ['generic/4/4', 'a POST with trailers', 'answered', opening(1, [...post, ['trailer', 'x']]), data(1, 'test'), headers(1, [['x', 'y']])],
  ['generic/5/1', 'an indexed field', 'answered', withBytes(block(get), hex('ba'))],
  ...(
    [
      ['40', 'with incremental indexing'],
      ['00', 'without indexing'],
      ['10', 'never indexed'],
    ] as const
  ).flatMap(([first, how], at): readonly Case[] => [
    [
      `generic/5/${4 * at + 2}`,
      `a field ${how}, indexed name`,
      'answered',
      withBytes(block(get), indexedName(first), hex('06 683273706563')),
    ],
    [
      `generic/5/${4 * at + 3}`,
      `a field ${how}, indexed name, Huffman`,
      'answered',
      withBytes(block(get), indexedName(first), hex('84 9c48aca4')),
    ],
    [
      `generic/5/${4 * at + 4}`,
      `a field ${how}, new name`,
      'answered',
      withBytes(block(get), hex(`${first} 06 782d74657374 06 683273706563`)),
    ],
    [
      `generic/5/${4 * at + 5}`,
      `a field ${how}, new name, Huffman`,
      'answered',
      withBytes(block(get), hex(`${first} 85 f2b24a84ff 84 9c48aca4`)),
    ],
  ]),
  ['generic/5/14', 'a change of the table', 'answered', withBytes(hex('20'), block(get))],
  ['generic/5/15', 'several changes of the table', 'answered', withBytes(hex('20 3f0f 20'), block(get))],
]

/** `user-agent` of the static table, by the form of the field. */
function indexedName(first: string): Buffer {
  return first === '40' ? hex('7a') : hex(first === '00' ? '0f2b' : '1f2b')
}

const http2: readonly Case[] = [
  ['http2/3.5/1', 'a connection preface', 'ack'],
  // 3.5/2 is below: it is no greeted connection.
  ['http2/4.1/1', 'a frame of an unknown type', 'ping', frame(99, 0, 0, '12345678'), ping()],
  ['http2/4.1/2', 'an undefined flag', 'ping', frame(frameType.ping, 0xfe, 0, '12345678')],
  ['http2/4.1/3', 'a reserved bit', 'ping', frame(frameType.ping, 0, 0x8000_0000, '12345678')],
  ['http2/4.2/1', 'a DATA of 2^14 bytes', 'answered', opening(1), data(1, Buffer.alloc(16_384), endStream)],
  ['http2/4.2/2', 'a larger DATA', 'connection FRAME_SIZE_ERROR', opening(1), data(1, Buffer.alloc(16_385), endStream)],
  ['http2/4.2/3', 'a larger HEADERS', 'connection FRAME_SIZE_ERROR', frame(frameType.headers, ended, 1, Buffer.alloc(16_385))],
  ['http2/4.3/1', 'an invalid block', 'connection COMPRESSION_ERROR', withBytes(hex('000203ffffff'))],
  ['http2/4.3/2', 'a PRIORITY within a block', 'connection PROTOCOL_ERROR', unfinished, prioritized(1, on(0)), continued(1, endHeaders)],
  ['http2/4.3/3', 'a HEADERS within a block', 'connection PROTOCOL_ERROR', unfinished, headers(3), continued(1, endHeaders)],
  ['http2/5.1/1', 'idle: a DATA', 'connection PROTOCOL_ERROR', data(1, 'test', endStream)],
  ['http2/5.1/2', 'idle: a RST_STREAM', 'connection PROTOCOL_ERROR', reset(1, cancel)],
  ['http2/5.1/3', 'idle: a WINDOW_UPDATE', 'connection PROTOCOL_ERROR', windowUpdate(1, 100)],
  ['http2/5.1/4', 'idle: a CONTINUATION', 'connection PROTOCOL_ERROR', continued(1, endHeaders, get)],
  ['http2/5.1/5', 'half-closed: a DATA', 'stream STREAM_CLOSED', headers(1), data(1, 'test', endStream)],
  ['http2/5.1/6', 'half-closed: a HEADERS', 'stream STREAM_CLOSED', headers(1), headers(1)],
  ['http2/5.1/7', 'half-closed: a CONTINUATION', 'connection PROTOCOL_ERROR', headers(1), continued(1, endHeaders)],
  ['http2/5.1/8', 'closed by its reset: a DATA', 'stream STREAM_CLOSED', opening(1), reset(1, cancel), data(1, 'test', endStream)],
  ['http2/5.1/9', 'closed by its reset: a HEADERS', 'stream STREAM_CLOSED', opening(1), reset(1, cancel), headers(1)],
  [
    'http2/5.1/10',
    'closed by its reset: a CONTINUATION',
    'connection PROTOCOL_ERROR',
    opening(1),
    reset(1, cancel),
    continued(1, endHeaders),
  ],
  ['http2/5.1/11', 'closed: a DATA', 'connection STREAM_CLOSED', headers(1), data(1, 'test', endStream)],
  ['http2/5.1/12', 'closed: a HEADERS', 'connection STREAM_CLOSED', headers(1), headers(1)],
  ['http2/5.1/13', 'closed: a CONTINUATION', 'connection PROTOCOL_ERROR', headers(1), continued(1, endHeaders)],
  ['http2/5.1.1/1', 'an even number', 'connection PROTOCOL_ERROR', headers(2)],
  ['http2/5.1.1/2', 'a lower number than before', 'connection PROTOCOL_ERROR', headers(5), headers(3)],
  ['http2/5.1.1/3', 'a HEADERS on a half-closed stream', 'stream STREAM_CLOSED', headers(1), headers(1)],
  [
    'http2/5.1.2/1',
    'more streams than may be open',
    'reset 501 REFUSED_STREAM',
    ...Array.from({ length: 251 }, (_, i) => opening(2 * i + 1)),
  ],
  [
    'http2/5.3.1/1',
    'a HEADERS that depends on itself',
    'connection PROTOCOL_ERROR',
    frame(frameType.headers, ended | priority, 1, Buffer.concat([on(1), block(get)])),
  ],
  ['http2/5.3.1/2', 'a PRIORITY that depends on itself', 'connection PROTOCOL_ERROR', prioritized(1, on(1))],
  ['http2/5.4.1/1', 'a broken PING, which ends the connection', 'connection FRAME_SIZE_ERROR', frame(frameType.ping, 0, 0, '1234567')],
  [
    'http2/5.4.1/2',
    'a broken PING, which a GOAWAY answers',
    'connection FRAME_SIZE_ERROR',
    headers(1),
    frame(frameType.ping, 0, 0, '123456789'),
  ],
  ['http2/5.5/1', 'an unknown frame', 'ping', frame(0x16, 0, 0, '12345678'), ping()],
  [
    'http2/5.5/2',
    'an unknown frame within a block',
    'connection PROTOCOL_ERROR',
    unfinished,
    frame(0x16, 0, 0, '12345678'),
    continued(1, endHeaders),
  ],
  ['http2/6.1/1', 'a DATA of stream 0', 'connection PROTOCOL_ERROR', data(0, 'test', endStream)],
  ['http2/6.1/2', 'a DATA on a half-closed stream', 'stream STREAM_CLOSED', headers(1), data(1, 'test', endStream)],
  ['http2/6.1/3', 'a DATA that is all padding and more', 'connection PROTOCOL_ERROR', opening(1), data(1, '\x06test', endStream | padded)],
  ['http2/6.2/1', 'a PRIORITY within a block', 'connection PROTOCOL_ERROR', unfinished, prioritized(1, on(0, 255))],
  ['http2/6.2/2', 'a HEADERS of another stream within a block', 'connection PROTOCOL_ERROR', unfinished, headers(3)],
  ['http2/6.2/3', 'a HEADERS of stream 0', 'connection PROTOCOL_ERROR', headers(0)],
  [
    'http2/6.2/4',
    'a HEADERS that is all padding and more',
    'connection PROTOCOL_ERROR',
    frame(frameType.headers, ended | padded, 1, '\x06test'),
  ],
  ['http2/6.3/1', 'a PRIORITY of stream 0', 'connection PROTOCOL_ERROR', prioritized(0, on(0, 255))],
  ['http2/6.3/2', 'a PRIORITY of 4 bytes', 'connection FRAME_SIZE_ERROR', prioritized(1, '\x80\0\0\x01')],
  ['http2/6.4/1', 'a RST_STREAM of stream 0', 'connection PROTOCOL_ERROR', reset(0, cancel)],
  ['http2/6.4/2', 'a RST_STREAM of an idle stream', 'connection PROTOCOL_ERROR', reset(1, cancel)],
  ['http2/6.4/3', 'a RST_STREAM of 3 bytes', 'connection FRAME_SIZE_ERROR', opening(1), frame(frameType.rstStream, 0, 1, 'abc')],
  ['http2/6.5/1', 'an acknowledgement with settings', 'connection FRAME_SIZE_ERROR', frame(frameType.settings, ack, 0, '\0')],
  ['http2/6.5/2', 'SETTINGS of a stream', 'connection PROTOCOL_ERROR', frame(frameType.settings, 0, 1, '\0\x03\0\0\0\x64')],
  ['http2/6.5/3', 'SETTINGS of 3 bytes', 'connection FRAME_SIZE_ERROR', frame(frameType.settings, 0, 0, '\0\x03\0')],
  ['http2/6.5.2/1', 'a push of 2', 'connection PROTOCOL_ERROR', settings([[setting.enablePush, 2]])],
  ['http2/6.5.2/2', 'a window of 2^31', 'connection FLOW_CONTROL_ERROR', window(2 ** 31)],
  ['http2/6.5.2/3', 'frames of 2^14 - 1', 'connection PROTOCOL_ERROR', settings([[setting.maxFrameSize, 16_383]])],
  ['http2/6.5.2/4', 'frames of 2^24', 'connection PROTOCOL_ERROR', settings([[setting.maxFrameSize, 2 ** 24]])],
  ['http2/6.5.2/5', 'an unknown setting', 'ping', settings([[0xff, 1]]), ping()],
  [
    'http2/6.5.3/1',
    'two windows; the last counts',
    'DATA 1',
    settings([
      [setting.initialWindowSize, 100],
      [setting.initialWindowSize, 1],
    ]),
    headers(1),
  ],
  ['http2/6.5.3/2', 'SETTINGS', 'ack', settings([])],
  ['http2/6.7/1', 'a PING', 'ping', ping()],
  ['http2/6.7/2', 'an answer to a ping that nobody sent', 'ping', frame(frameType.ping, ack, 0, 'invalid!'), ping()],
  ['http2/6.7/3', 'a PING of a stream', 'connection PROTOCOL_ERROR', frame(frameType.ping, 0, 1, '12345678')],
  ['http2/6.7/4', 'a PING of 6 bytes', 'connection FRAME_SIZE_ERROR', frame(frameType.ping, 0, 0, '123456')],
  ['http2/6.8/1', 'a GOAWAY of a stream', 'connection PROTOCOL_ERROR', frame(frameType.goAway, 0, 1, '\0\0\0\0\0\0\0\0')],
  ['http2/6.9/1', 'a WINDOW_UPDATE of 0', 'connection PROTOCOL_ERROR', windowUpdate(0, 0)],
  ['http2/6.9/2', 'a WINDOW_UPDATE of 0 of a stream', 'stream PROTOCOL_ERROR', opening(1), windowUpdate(1, 0)],
  ['http2/6.9/3', 'a WINDOW_UPDATE of 3 bytes', 'connection FRAME_SIZE_ERROR', frame(frameType.windowUpdate, 0, 0, '\0\0\x01')],
  ['http2/6.9.1/1', 'a window of 1', 'DATA 1', window(1), headers(1)],
  [
    'http2/6.9.1/2',
    'a window of the connection above 2^31 - 1',
    'connection FLOW_CONTROL_ERROR',
    windowUpdate(0, 2 ** 31 - 1),
    windowUpdate(0, 2 ** 31 - 1),
  ],
  ['http2/6.9.1/3', 'a window of a stream above 2^31 - 1', 'stream FLOW_CONTROL_ERROR', headers(1), windowUpdate(1, 2 ** 31 - 1)],
  ['http2/6.9.2/1', 'a window that changes behind a HEADERS', 'DATA 1', window(0), headers(1), window(1)],
  ['http2/6.9.2/2', 'a window that becomes negative', 'DATA 1', window(3), headers(1), window(2), windowUpdate(1, 2)],
  ['http2/6.9.2/3', 'a window above 2^31 - 1', 'connection FLOW_CONTROL_ERROR', window(2 ** 31)],
  ['http2/6.10/1', 'several CONTINUATION', 'answered', unfinished, continued(1, 0), continued(1, endHeaders)],
  ['http2/6.10/2', 'a DATA between two CONTINUATION', 'connection PROTOCOL_ERROR', unfinished, continued(1, 0), data(1, 'test', endStream)],
  ['http2/6.10/3', 'a CONTINUATION of stream 0', 'connection PROTOCOL_ERROR', unfinished, continued(0, endHeaders)],
  ['http2/6.10/4', 'a CONTINUATION behind a whole HEADERS', 'connection PROTOCOL_ERROR', opening(1), continued(1, endHeaders)],
  [
    'http2/6.10/5',
    'a CONTINUATION behind the last',
    'connection PROTOCOL_ERROR',
    headers(1, post, 0),
    continued(1, endHeaders),
    continued(1, endHeaders),
  ],
  ['http2/6.10/6', 'a CONTINUATION behind a DATA', 'connection PROTOCOL_ERROR', opening(1), data(1, 'test'), continued(1, endHeaders)],
  ['http2/7/1', 'a GOAWAY of an unknown code', 'ping', goAway(0, 0xff), ping()],
  ['http2/7/2', 'a RST_STREAM of an unknown code', 'ping', opening(1), reset(1, 0xff), ping()],
  ['http2/8.1/1', 'a second HEADERS that ends nothing', 'stream PROTOCOL_ERROR', opening(1), opening(1, [['x', 'y']])],
  ['http2/8.1.2/1', 'an upper-case name', 'stream PROTOCOL_ERROR', headers(1, [...get, ['X-TEST', 'ok']])],
  ['http2/8.1.2.1/1', 'an unknown pseudo-header', 'stream PROTOCOL_ERROR', headers(1, [...get, [':test', 'ok']])],
  ['http2/8.1.2.1/2', 'a pseudo-header of answers', 'stream PROTOCOL_ERROR', headers(1, [...get, [':status', '200']])],
  ['http2/8.1.2.1/3', 'a pseudo-header as a trailer', 'stream PROTOCOL_ERROR', opening(1), headers(1, [[':method', 'GET']])],
  ['http2/8.1.2.1/4', 'a pseudo-header behind a header', 'stream PROTOCOL_ERROR', headers(1, [['x', 'y'], ...get])],
  ['http2/8.1.2.2/1', 'a header of connections', 'stream PROTOCOL_ERROR', headers(1, [...get, ['connection', 'keep-alive']])],
  [
    'http2/8.1.2.2/2',
    'a TE beside trailers',
    'stream PROTOCOL_ERROR',
    headers(1, [...get, ['trailers', 'test'], ['te', 'trailers, deflate']]),
  ],
  ['http2/8.1.2.3/1', 'an empty :path', 'stream PROTOCOL_ERROR', headers(1, changed(':path', ''))],
  ['http2/8.1.2.3/2', 'no :method', 'stream PROTOCOL_ERROR', headers(1, changed(':method', undefined))],
  ['http2/8.1.2.3/3', 'no :scheme', 'stream PROTOCOL_ERROR', headers(1, changed(':scheme', undefined))],
  ['http2/8.1.2.3/4', 'no :path', 'stream PROTOCOL_ERROR', headers(1, changed(':path', undefined))],
  ['http2/8.1.2.3/5', 'two :method', 'stream PROTOCOL_ERROR', headers(1, [...get, [':method', 'GET']])],
  ['http2/8.1.2.3/6', 'two :scheme', 'stream PROTOCOL_ERROR', headers(1, [...get, [':scheme', 'https']])],
  ['http2/8.1.2.3/7', 'two :path', 'stream PROTOCOL_ERROR', headers(1, [...get, [':path', '/']])],
  ['http2/8.1.2.6/1', 'a length that the body has not', 'stream PROTOCOL_ERROR', opening(1, withLength(1)), data(1, 'test', endStream)],
  [
    'http2/8.1.2.6/2',
    'a length that several DATA have not',
    'stream PROTOCOL_ERROR',
    opening(1, withLength(1)),
    data(1, 'test'),
    data(1, 'test', endStream),
  ],
  [
    'http2/8.2/1',
    'a PUSH_PROMISE',
    'connection PROTOCOL_ERROR',
    frame(frameType.pushPromise, endHeaders, 1, Buffer.concat([hex('00000003'), block(get)])),
  ],
]

const hpack: readonly Case[] = [
  ['hpack/2.3.3/1', 'a field of no table', 'connection COMPRESSION_ERROR', withBytes(block(get), hex('c6'))],
  ['hpack/2.3.3/2', 'a name of no table', 'connection COMPRESSION_ERROR', withBytes(block(get), hex('7f5f 03 787878'))],
  ['hpack/4.2/1', 'a change of the table at the end', 'connection COMPRESSION_ERROR', withBytes(block(get), hex('20'))],
  [
    'hpack/5.2/1',
    'padding of more than 7 bits',
    'connection COMPRESSION_ERROR',
    withBytes(block(get), hex('00 85f2b24a84ff 87 a71d3b7f47ffff')),
  ],
  ['hpack/5.2/2', 'padding of zeros', 'connection COMPRESSION_ERROR', withBytes(block(get), hex('00 85f2b24a84ff 81 00'))],
  [
    'hpack/5.2/3',
    'an end of string within a string',
    'connection COMPRESSION_ERROR',
    withBytes(block(get), hex('00 85f2b24a84ff 84 ffffffff')),
  ],
  ['hpack/6.1/1', 'an indexed field of number 0', 'connection COMPRESSION_ERROR', withBytes(hex('80'), block(get))],
  ['hpack/6.3/1', 'a table beyond its limit', 'connection COMPRESSION_ERROR', withBytes(hex('3fe21f'), block(get))],
]

/** The stream is closed regularly before more arrives. */
const closes = new Set(['generic/2/5', 'http2/5.1/11', 'http2/5.1/12', 'http2/5.1/13'])

const all = [...generic, ...http2, ...hpack]

function answer(stream: Http2Stream): void {
  stream.respond(200, [], false)
  stream.end([Buffer.from('hello')])
}

describe('h2spec', () => {
  test('is here as a whole', () => {
    assert.equal(new Set(all.map(([id]) => id)).size, all.length)
    assert.ok(all.length + 1 >= 146, `${all.length + 1} cases`)
  })

  for (const [id, what, expected, ...sent] of all)
    test(`${id}, ${what}: ${expected}`, async () => {
      const isFault = /^(?:connection|stream|reset) /.test(expected)
      const connection = new TestConnection(stream => {
        if (!isFault || closes.has(id) || stream.id === 999) answer(stream)
      })
      const received = await connection.send(Buffer.from(preface), settings([]), ...(closes.has(id) ? sent.splice(0, 1) : sent))
      if (sent.length > 0 && closes.has(id)) received.push(...(await connection.send(...sent)))
      const [kind, code = ''] = expected.split(' ')
      switch (kind) {
        case 'connection':
          assert.match(received.at(-1) ?? '', new RegExp(`^goAway \\d+ ${code}$`))
          assert.equal(connection.socket.destroyed, true)
          return
        case 'stream':
          assert.ok(received.includes(`reset 1 ${code}`), received.join('; '))
          break
        case 'reset':
          assert.ok(received.includes(expected), received.join('; '))
          return
        case 'answered':
          assert.ok(received.includes('headers 1 :status=200'), received.join('; '))
          break
        case 'DATA':
          assert.ok(received.includes(`data 1 ${code}`), received.join('; '))
          break
        case 'ping':
          assert.ok(received.includes('ping ack 3132333435363738'), received.join('; '))
          break
        default:
          assert.equal(received.filter(text => text === 'settings ack').length, 1 + sent.length)
      }
      // The connection continues.
      assert.ok((await connection.send(window(65_535), headers(999))).includes('headers 999 :status=200'))
    })

  test('http2/3.5/2, a preface that is none: connection PROTOCOL_ERROR', async () => {
    const connection = new TestConnection()
    assert.equal((await connection.send(Buffer.from('INVALID CONNECTION PREFACE\r\n\r\n'))).at(-1), 'goAway 0 PROTOCOL_ERROR')
    assert.equal(connection.socket.destroyed, true)
  })
})
