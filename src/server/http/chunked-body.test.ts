import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamParts } from './chunked-body.ts'

/** The written chunks, and how often the writer waited for a reader that is always behind. */
async function streamed(parts: readonly Buffer[]): Promise<{ chunks: Buffer[]; waits: number }> {
  const chunks: Buffer[] = []
  let waits = 0
  const body = streamParts({
    head: Buffer.from('['),
    count: parts.length,
    computed: false,
    part: index => parts[index] ?? Buffer.alloc(0),
    tail: Buffer.from(']'),
  })
  const sink = {
    write: (chunk: Buffer) => {
      chunks.push(chunk)
      return false
    },
    drained: async () => {
      waits++
    },
  }
  await body(sink, new AbortController().signal)
  return { chunks, waits }
}

const sizes: readonly { name: string; sizes: readonly number[] }[] = [
  { name: 'no part', sizes: [] },
  { name: 'small parts', sizes: Array.from({ length: 500 }, (_, i) => i) },
  { name: 'large parts', sizes: [200_000, 300_000, 128 * 1024] },
  { name: 'small and large parts', sizes: [10, 200_000, 1, 2, 200_000, 200_000, 3, 127 * 1024, 5000] },
]

for (const { name, sizes: lengths } of sizes) {
  test(`streamParts() writes ${name} in order, waiting for the reader each time`, async () => {
    const parts = lengths.map((length, i) => Buffer.alloc(length, 97 + (i % 26)))
    const { chunks, waits } = await streamed(parts)
    assert.equal(Buffer.concat(chunks).toString(), `[${parts.map(part => part.toString()).join()}]`)
    // Nothing is left to write behind the tail.
    assert.equal(waits, chunks.length - 1)
  })
}

test('streamParts() passes cached bytes without a copy if the transport supports it', async () => {
  const parts = [Buffer.alloc(200_000, 120), Buffer.alloc(10, 121), Buffer.alloc(300_000, 122)]
  const handed = new Set<Buffer>()
  const take = (...chunks: readonly Buffer[]): boolean => {
    for (const chunk of chunks) handed.add(chunk)
    return true
  }
  const sink = {
    write: (chunk: Buffer) => take(chunk),
    writeAll: (chunks: readonly Buffer[]) => take(...chunks),
    drained: () => Promise.resolve(),
  }
  const edge = Buffer.from('|')
  const body = streamParts({ head: edge, count: parts.length, computed: false, part: index => parts[index] ?? edge, tail: edge })
  await body(sink, new AbortController().signal)
  for (const part of parts) assert.ok(handed.has(part))
})

for (const [name, sourceBytes, most] of [
  ['one large object', 1_000_000, 1],
  ['256 KiB of smaller ones', 64 * 1024, 4],
] as const)
  test(`streamParts() yields between parts that are made of large objects: ${name} at once`, async () => {
    const count = 12
    let made = 0
    let mostAtOnce = 0
    let madeBefore = 0
    const look = (): void => {
      mostAtOnce = Math.max(mostAtOnce, made - madeBefore)
      madeBefore = made
      if (made < count) setImmediate(look)
    }
    const edge = Buffer.from('|')
    const part = (): Buffer => {
      made++
      return edge
    }
    const body = streamParts({ head: edge, count, computed: true, sourceBytes: () => sourceBytes, part, tail: edge })
    const sink = { write: () => true, drained: () => Promise.resolve() }
    const writing = body(sink, new AbortController().signal)
    look()
    await writing
    assert.deepEqual([made, mostAtOnce], [count, most])
  })
