// Invariants for any input of a client, in any segmentation.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  block,
  bodyTerms,
  data,
  type Fields,
  frame,
  get,
  headers,
  opening,
  ping,
  post,
  reset,
  settings,
  TestConnection,
  windowUpdate,
} from './connection.testing.ts'
import type { Http2Stream } from './stream.ts'
import { frameFlag, frameType, preface } from './wire/frames.ts'

const { endStream, endHeaders, padded, priority } = frameFlag
const cancel = 8
const greeting = [Buffer.from(preface), settings([])]
const byte = fc.integer({ min: 0, max: 255 })
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(array => Buffer.from(array))
const dependency = Buffer.from([0, 0, 0, 0, 16])

/** The frames of one request, or of the connection, that break no rule. */
type Part = (stream: number) => Buffer[]

const body = fc.array(
  fc.record({ content: fc.oneof(bytes(100), fc.constant(Buffer.alloc(16_000))), padding: fc.option(byte, { nil: undefined }) }),
  { maxLength: 5 },
)
const fields: fc.Arbitrary<Fields> = fc.array(
  fc.tuple(fc.constantFrom('x-a', 'accept', 'x-b'), fc.constantFrom('', 'value', 'y'.repeat(300))),
  { maxLength: 4 },
)

function dataFrames(stream: number, parts: readonly { content: Buffer; padding: number | undefined }[]): Buffer[] {
  return parts.map(({ content, padding }) =>
    padding === undefined
      ? data(stream, content)
      : data(stream, Buffer.concat([Buffer.from([padding]), content, Buffer.alloc(padding)]), padded),
  )
}

const part: fc.Arbitrary<Part> = fc.oneof(
  fields.map<Part>(more => stream => [headers(stream, [...get, ...more])]),
  // In several frames.
  fc.tuple(fields, fc.nat(60)).map<Part>(([more, cut]) => stream => {
    const whole = block([...get, ...more])
    const first = Buffer.concat([Buffer.from([3]), dependency, whole.subarray(0, cut), Buffer.alloc(3)])
    return [
      frame(frameType.headers, endStream | priority | padded, stream, first),
      frame(frameType.continuation, 0, stream),
      frame(frameType.continuation, endHeaders, stream, whole.subarray(cut)),
    ]
  }),
  fc.tuple(body, fc.boolean()).map<Part>(([parts, trailers]) => stream => [
    opening(stream),
    ...dataFrames(stream, parts),
    trailers ? headers(stream, [['x-trailer', 'y']]) : data(stream, 'end', endStream),
  ]),
  // Never answered: its body does not end.
  body.map<Part>(parts => stream => [opening(stream), ...dataFrames(stream, parts), reset(stream, cancel), data(stream, 'late')]),
  fc.constantFrom<Part[]>(
    () => [ping()],
    () => [settings([[99, 1]])],
    () => [frame(99, 255, 0, 'unknown')],
    stream => [frame(frameType.priority, 0, stream + 100, dependency)],
    () => [windowUpdate(0, 1000)],
    stream => [opening(stream, [...post, ['X-Upper', 'y']]), data(stream, 'refused', endStream)],
  ),
)

/** Answers with the head and the body of the request. */
function echo(stream: Http2Stream): void {
  stream.collect(1_000_000, bodyTerms).then(
    bytes => {
      const head = JSON.stringify(Object.entries(stream.head.headers))
      stream.respond(200, ['content-type', 'text/plain', 'x-head', head, 'x-length', String(bytes.length)], false)
      stream.end([bytes.subarray(0, 200)])
    },
    () => undefined,
  )
}

/** What is received, stream by stream; when a window is updated depends on how its bytes arrived. */
async function answersTo(pieces: readonly Buffer[]): Promise<unknown> {
  const connection = new TestConnection(echo)
  const received: string[] = []
  for (const [index, piece] of pieces.entries()) {
    // Others come in one turn, as from a socket that has read much.
    if (index % 4 === 0) received.push(...(await connection.send(piece)))
    else connection.socket.push(piece)
  }
  received.push(...(await connection.received()))
  const byStream = Map.groupBy(
    received.filter(line => !line.startsWith('window')),
    line => line.match(/^(?:headers|data|reset) (\d+)/)?.[1] ?? 'connection',
  )
  const closed = connection.streams.map(stream => stream.isClosed)
  connection.socket.destroy()
  return { answers: Object.fromEntries(byStream), bodies: Object.fromEntries(connection.bodies), closed, failures: connection.failures }
}

/** Cuts them at these places, taken one after the other and over again. */
function cutAt(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, i = 0; at < whole.length; i++) {
    const size = sizes[i % sizes.length] ?? whole.length
    pieces.push(whole.subarray(at, at + size))
    at += size
  }
  return pieces
}

describe('Http2ServerConnection', () => {
  test('answers the same however the frames of its client are cut', async () => {
    const sizes = fc.array(
      fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 400, max: 20_000 }) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 }) }),
      { minLength: 1, maxLength: 20 },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), sizes, async (parts, cuts) => {
        const frames = parts.flatMap((make, index) => make(2 * index + 1))
        const whole = Buffer.concat([...greeting, ...frames])
        const expected = await answersTo([whole])
        assert.deepEqual((expected as { failures: unknown }).failures, [])
        assert.deepEqual(await answersTo(cutAt(whole, cuts.length === 1 && (cuts[0] ?? 1) < 10 ? [10] : cuts)), expected)
      }),
      { numRuns: 60 },
    )
  })

  const anyFrame = fc
    .tuple(
      fc.oneof(fc.integer({ min: 0, max: 9 }), byte),
      byte,
      fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 2 ** 31 })),
      fc.oneof(bytes(40), fc.constant(block(get))),
    )
    .map(([type, flags, stream, content]) => frame(type, flags, stream, content))

  for (const [name, sent] of [
    ['bytes', fc.array(bytes(200), { maxLength: 10 })],
    ['frames', fc.array(anyFrame, { maxLength: 30 })],
    [
      'frames among right ones',
      fc
        .tuple(fc.array(part, { maxLength: 8 }), fc.array(anyFrame, { maxLength: 3 }))
        .map(([parts, frames]) => [...parts.flatMap((make, index) => make(2 * index + 1)), ...frames]),
    ],
  ] as const)
    test(`ends whole, and leaves nothing open, whatever ${name} come`, async () => {
      await fc.assert(
        fc.asyncProperty(sent, fc.boolean(), async (all, byThemselves) => {
          const connection = await TestConnection.greeted(echo)
          if (byThemselves) for (const one of all) await connection.send(one)
          else await connection.send(...all)
          const failed = connection.failures.length > 0
          assert.equal(connection.socket.destroyed, failed)
          if (!failed) {
            connection.connection.goAway()
            await connection.received()
            connection.socket.push(null)
            await connection.received()
          }
          assert.deepEqual([connection.socket.destroyed, connection.streams.filter(stream => !stream.isClosed)], [true, []])
          assert.ok(connection.failures.length <= 1)
        }),
        { numRuns: 150 },
      )
    })
})
