// Any bytes after the preface and settings of a client: the connection continues or ends with a GOAWAY, with the same result however the bytes are split,
// and sends and keeps no more than the input accounts for.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FuzzTarget } from '../../base/testing/fuzz-target.testing.ts'
import { block, frame, get, headers, ping, post, settings, TestConnection, withLength } from './connection.testing.ts'
import { maxControlFrames } from './control-budget.ts'
import { frameFlag, frameType, preface } from './wire/frames.ts'

const { endStream, endHeaders, padded, priority, ack } = frameFlag
const stream = fc.constantFrom(0, 1, 1, 1, 2, 3, 3, 5, 7, 99, 2 ** 31 - 1)
const flags = fc.constantFrom(
  0,
  endStream,
  endHeaders,
  endStream | endHeaders,
  padded,
  priority,
  ack,
  endHeaders | padded,
  endHeaders | priority,
  255,
)
const blocks = fc.constantFrom(...[get, post, withLength(4), withLength(0), [['x', 'y']] as const, []].map(fields => block(fields)))
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(array => Buffer.from(array))
const number = fc.constantFrom(0, 1, 65_535, 2 ** 31 - 1, 2 ** 31).map(value => {
  const content = Buffer.alloc(4)
  content.writeUInt32BE(value)
  return content
})
const setting = fc
  .tuple(fc.constantFrom(1, 2, 3, 4, 5, 6, 99), fc.constantFrom(0, 1, 2, 100, 16_384, 65_535, 2 ** 31))
  .map(([id, value]) => [id, value] as const)

const part = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(stream, blocks, flags).map(([id, content, bits]) => frame(frameType.headers, bits, id, content)) },
  fc.tuple(stream, blocks).map(([id, content]) => frame(frameType.headers, endStream | endHeaders, id, content)),
  fc.tuple(stream, blocks, flags).map(([id, content, bits]) => frame(frameType.continuation, bits, id, content)),
  fc.tuple(stream, bytes(20), flags).map(([id, content, bits]) => frame(frameType.data, bits, id, content)),
  fc.tuple(stream, number).map(([id, content]) => frame(frameType.windowUpdate, 0, id, content)),
  fc.tuple(stream, number).map(([id, content]) => frame(frameType.rstStream, 0, id, content)),
  fc.array(setting, { maxLength: 3 }).map(values => settings(values)),
  fc.tuple(fc.nat(16), flags, stream, bytes(24)).map(([type, bits, id, content]) => frame(type, bits, id, content)),
  fc.constant(ping()),
  bytes(12),
)

/** The frames that the server sends. With `answers` it responds to each request at once, else never. */
async function received(pieces: readonly Buffer[], answers = false): Promise<{ connection: TestConnection; sentFrames: string[] }> {
  const connection = new TestConnection(request => {
    if (!answers) return
    request.respond(200, [], false)
    request.end([Buffer.from('hello')])
  })
  await connection.send(Buffer.from(preface), settings([]))
  for (const piece of pieces) if (!connection.socket.destroyed) connection.socket.push(piece)
  return { connection, sentFrames: await connection.received() }
}

function cut(input: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  // Pieces of 1 to 11 bytes in turn; a frame header has 9.
  for (let at = 0; at < input.length; ) {
    const length = 1 + (pieces.length % 11)
    pieces.push(input.subarray(at, at + length))
    at += length
  }
  return pieces
}

function check({ connection, sentFrames }: Awaited<ReturnType<typeof received>>): void {
  const isOver = connection.socket.destroyed
  assert.equal(sentFrames.at(-1)?.startsWith('goAway') === true, isOver, 'what ends says why, and what says why ends')
  assert.equal(connection.failures.length, isOver ? 1 : 0, connection.failures.join('; '))
  assert.ok(!sentFrames.some(text => text.endsWith('INTERNAL_ERROR')), `${sentFrames.at(-1)}: ${connection.failures[0]}`)
  if (isOver) assert.ok(connection.streams.every(({ isClosed }) => isClosed))
}

export const http2Frames: FuzzTarget = {
  name: 'http2-frames',
  inputs: fc.array(part, { maxLength: 12 }).map(parts => Buffer.concat(parts)),
  words: [
    '\0\0\0',
    '\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08',
    '\0\0\x04\x08\0\0\0\0\x01\0\0\0\x01',
    '\0\0\0\x01\x05\0\0\0\x01',
    '\0\0\0\0\x01\0\0\0\x01',
  ],
  async run(input) {
    const whole = await received([input])
    check(whole)
    const pieces = await received(cut(input))
    check(pieces)
    assert.deepEqual(pieces.sentFrames, whole.sentFrames, 'the same in pieces')
    assert.ok(whole.sentFrames.length <= input.length / 9 + maxControlFrames, `${whole.sentFrames.length} frames for ${input.length} bytes`)
    const answered = await received([input], true)
    check(answered)
    if (answered.connection.socket.destroyed) return
    // It still responds, unless the input ended within a frame or a header block.
    const open = await answered.connection.send(ping('87654321'), headers(2 ** 31 - 1))
    for (const text of open) assert.match(text, /^(?:ping ack |headers |data |goAway |reset |window |settings ack)/)
  },
}
