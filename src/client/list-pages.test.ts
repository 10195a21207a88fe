import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../api/object.ts'
import { listPages } from './list-pages.ts'
import { AnswerTooLarge } from './transport/transport.ts'

/** A server with `count` objects that fits `fits` objects into one answer. */
function listed(count: number, fits: number) {
  const asked: number[] = []
  const page = async (limit: number, token: string) => {
    asked.push(limit)
    const from = Number(token)
    const to = Math.min(count, from + limit)
    if (to - from > fits) throw new AnswerTooLarge(64)
    const items = Array.from({ length: to - from }, (_, i): KubeObject => ({ metadata: { name: String(from + i) } }))
    return { items, resourceVersion: '1', continue: to < count ? String(to) : '' }
  }
  return { asked, page }
}

async function namesOf(pages: AsyncIterable<{ readonly items: readonly KubeObject[] }>): Promise<(string | undefined)[]> {
  const names: (string | undefined)[] = []
  for await (const { items } of pages) names.push(...items.map(({ metadata }) => metadata.name))
  return names
}

test('listPages() requests fewer objects if an answer is too large, and neither skips nor repeats any', async () => {
  const { asked, page } = listed(400, 40)
  assert.deepEqual(
    await namesOf(listPages(page)),
    Array.from({ length: 400 }, (_, i) => String(i)),
  )
  assert.deepEqual(asked.slice(0, 5), [500, 250, 125, 62, 31])
  assert.ok(asked.slice(5).every(limit => limit === 31))
})

test('listPages() sends one request if everything fits', async () => {
  const { asked, page } = listed(3, 1000)
  assert.deepEqual(await namesOf(listPages(page)), ['0', '1', '2'])
  assert.deepEqual(asked, [500])
})

test('listPages() fails if one object is too large, and on any other error', async () => {
  const { asked, page } = listed(3, 0)
  await assert.rejects(namesOf(listPages(page)), AnswerTooLarge)
  assert.equal(asked.at(-1), 1)
  const failure = new Error('no connection')
  await assert.rejects(namesOf(listPages(() => Promise.reject(failure))), failure)
})
