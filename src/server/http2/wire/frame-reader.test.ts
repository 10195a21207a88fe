import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FrameReader } from './frame-reader.ts'
import { frameFlag, frameType, headSize, writeHead } from './frames.ts'

function frame(type: number, flags: number, stream: number, content: string): Buffer {
  const bytes = Buffer.alloc(headSize + content.length)
  writeHead(bytes, 0, content.length, type, flags, stream)
  bytes.write(content, headSize, 'latin1')
  return bytes
}

/** The frames' content; parts of one DATA frame are joined. */
function readIn(bytes: Buffer, pieceSize: number): string[] {
  const seen: string[] = []
  let part = ''
  let counted = 0
  const reader = new FrameReader({
    data: (stream, piece, start, end, endsStream, more) => {
      part += piece.toString('latin1', start, end)
      counted += more
      if (!endsStream) return
      seen.push(`data ${stream} ${part} ${counted}`)
      part = ''
      counted = 0
    },
    frame: (type, flags, stream, piece, start, end) => seen.push(`${type} ${flags} ${stream} ${piece.toString('latin1', start, end)}`),
  })
  // One piece of memory for all, as the socket has it.
  const piece = Buffer.alloc(pieceSize)
  for (let at = 0; at < bytes.length; at += pieceSize) reader.read(piece, bytes.copy(piece, 0, at))
  return seen
}

const padded = (content: string, padding: number) => `${String.fromCharCode(padding)}${content}${'\0'.repeat(padding)}`

describe('FrameReader', () => {
  test('reads the same however the bytes are cut', () => {
    const bytes = Buffer.concat([
      frame(frameType.settings, 0, 0, ''),
      frame(frameType.headers, frameFlag.endHeaders, 1, 'some headers'),
      frame(frameType.data, 0, 1, 'a body '),
      frame(frameType.data, 0, 1, ''),
      frame(frameType.data, frameFlag.padded, 1, padded('that is padded ', 7)),
      frame(frameType.data, frameFlag.endStream, 1, 'in parts'),
      frame(frameType.headers, frameFlag.padded | frameFlag.endStream, 0x7fff_ffff, padded('headers', 3)),
      frame(frameType.data, frameFlag.endStream, 3, ''),
      frame(frameType.data, frameFlag.endStream | frameFlag.padded, 5, padded('', 0)),
      frame(99, frameFlag.padded, 7, padded('of no known type', 2)),
    ])
    const seen = [
      '4 0 0 ',
      '1 4 1 some headers',
      'data 1 a body that is padded in parts 38',
      '1 9 2147483647 headers',
      'data 3  0',
      'data 5  1',
      `99 8 7 ${padded('of no known type', 2)}`,
    ]
    for (let pieceSize = 1; pieceSize <= bytes.length; pieceSize++)
      assert.deepEqual(readIn(bytes, pieceSize), seen, `pieces of ${pieceSize}`)
  })

  test('leaves out the reserved bit of a stream', () => {
    const bytes = frame(frameType.headers, 0, 1, 'x')
    bytes[5] = 0x80
    assert.deepEqual(readIn(bytes, bytes.length), ['1 0 1 x'])
  })

  test('takes the largest frame, and refuses one that is larger', () => {
    for (const type of [frameType.headers, frameType.data]) {
      for (const pieceSize of [4096, 65_536]) {
        assert.equal(readIn(frame(type, frameFlag.endStream, 1, 'x'.repeat(16_384)), pieceSize).length, 1)
        assert.throws(() => readIn(frame(type, 0, 1, 'x'.repeat(16_385)), pieceSize), /16385 bytes/)
      }
    }
  })

  test('refuses more padding than a frame has bytes', () => {
    for (const type of [frameType.headers, frameType.data]) {
      assert.throws(() => readIn(frame(type, frameFlag.padded, 1, '\x05abcd'), 100), /more padding/)
      assert.throws(() => readIn(frame(type, frameFlag.padded, 1, ''), 100), /more padding/)
    }
  })
})
