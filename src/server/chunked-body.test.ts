import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamParts } from './chunked-body.ts'

/** What is written, and how often the writer waited for a reader that is always behind. */
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

test('streamParts() copies small parts together and hands on large ones as they are', async () => {
  const large = Buffer.alloc(1_000_000, 120)
  const small = Array.from({ length: 100 }, () => Buffer.alloc(1000, 121))
  const { chunks } = await streamed([large, ...small, large])
  assert.equal(chunks.filter(chunk => chunk === large).length, 2)
  assert.equal(chunks.length, 5)
})
