import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerOf, TestServer, testUser } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'

test('a Table of a watch shows the age of an object when it is sent', async () => {
  await using api = new TestServer()
  const watch = await api.watch(`${path}?watch=1`, { accept: table })
  api.clock.advance(90_000)
  await api.create(path, { metadata: { name: 'a' } })
  const cells = async () => (await watch.next())?.object.rows[0].cells
  assert.deepEqual(await cells(), ['a', 0, '0s'])
  api.clock.advance(120_000)
  await api.request('PATCH', `${path}/a`, { data: { x: '1' } })
  assert.deepEqual(await cells(), ['a', 1, '2m'])
  watch.close()
})

/** What one more watch has written; its reader reads nothing and never waits. */
async function watching(api: TestServer, query: string, accept: string) {
  const written: Buffer[] = []
  const url = `${path}?watch=1&${query}`
  const reply = await answerOf(api.server.handle, { url, headers: { accept }, identity: testUser })
  const stop = new AbortController()
  assert.ok(typeof reply.body === 'function')
  const sink = {
    write: (chunk: Buffer) => written.push(chunk) > 0,
    writeAll: (chunks: readonly Buffer[]) => written.push(...chunks) > 0,
    drained: async () => undefined,
  }
  const over = reply.body(sink, stop.signal)
  return {
    written,
    async end() {
      stop.abort()
      await over.catch(() => undefined)
      reply.done({ bytes: 0, cut: true })
    },
  }
}

describe('events for any number of watches of one form are encoded once and held once', () => {
  for (const [name, accept, query] of [
    ['Tables', table, 'includeObject=Object'],
    ['metadata', partial, ''],
  ] as const) {
    test(name, async () => {
      await using api = new TestServer()
      await api.create(path, { metadata: { name: 'before' } })
      const watches = await Promise.all(Array.from({ length: 3 }, () => watching(api, query, accept)))
      const odd = await watching(api, 'includeObject=None', accept)
      await api.create(path, { metadata: { name: 'a', labels: { large: 'x' } } })
      await api.request('PATCH', `${path}/a`, { data: { x: '1' } })
      const [first, ...others] = watches.map(({ written }) => written)
      assert.ok(first !== undefined && first.length >= 3, `${first?.length} pieces`)
      for (const other of others) for (const [index, bytes] of other.entries()) assert.equal(bytes, first[index])
      if (accept === table) assert.match(Buffer.concat(odd.written).toString(), /"object":null/)
      assert.match(Buffer.concat(first).toString(), /"large":"x"/)
      for (const watch of [...watches, odd]) await watch.end()
    })
  }
})
