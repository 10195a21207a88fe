import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery } from '../request/query.ts'
import type { ResourceRequestInfo } from '../request/request-info.ts'
import { WatchCounts } from './watch-counts.ts'

const info = (namespace: string, name = '', query = '', resource = 'pods'): ResourceRequestInfo => ({
  ...{ isResource: true, verb: 'watch', path: '', query: parseQuery(query), group: '', version: 'v1', namespace },
  ...{ resource, subresource: '', name, rest: [], served: undefined },
})

test('WatchCounts.of() counts the open watches that see a change', () => {
  const counts = new WatchCounts()
  const ends = [info(''), info('a'), info('a', 'x'), info('', 'x'), info('b'), info('a', 'y'), info('', '', '', 'services')].map(watch =>
    counts.opened(watch),
  )
  assert.equal(counts.of(info('a', 'x')), 4)
  assert.equal(counts.of(info('a')), 2)
  assert.equal(counts.of(info('c', 'z')), 1)
  assert.equal(counts.of(info('', '', '', 'nodes')), 0)
  for (const end of ends) end()
  assert.equal(counts.of(info('a', 'x')), 0)
})

test("WatchCounts.of() leaves out watches of one node's pods", () => {
  const counts = new WatchCounts()
  counts.opened(info('', '', 'fieldSelector=spec.nodeName%3Dn'))()
  for (let node = 0; node < 100; node++) counts.opened(info('', '', `fieldSelector=spec.nodeName%3Dn${node}`))
  assert.equal(counts.of(info('a', 'x')), 0)
})
