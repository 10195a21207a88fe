import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery } from '../request/query.ts'
import type { ResourceRequestInfo } from '../request/request-info.ts'
import { estimateWork, oneSeat } from './work-estimate.ts'

function info(verb: string, more: Partial<Omit<ResourceRequestInfo, 'query'>> & { query?: string } = {}): ResourceRequestInfo {
  const { query = '', ...rest } = more
  return {
    ...{ isResource: true, verb, path: '', query: parseQuery(query), group: '', version: 'v1', namespace: 'a' },
    ...{ resource: 'pods', subresource: '', name: '', rest: [], served: undefined, ...rest },
  }
}

const seats = (initialSeats: number, finalSeats = 0, lingerMs = 0) => ({
  seats: Math.max(initialSeats, finalSeats),
  initialSeats,
  finalSeats,
  lingerMs,
})

const rows: readonly {
  name: string
  info: ResourceRequestInfo
  objects?: number
  bytes?: number
  watchers?: number
  nominal?: number
  work: object
}[] = [
  { name: 'a list of few objects', info: info('list'), objects: 100, work: oneSeat },
  { name: 'a list of many', info: info('list'), objects: 450, work: seats(5) },
  { name: 'a page of many', info: info('list', { query: 'limit=150' }), objects: 100_000, work: seats(2) },
  {
    name: 'a page with a selector, for which all are looked at',
    info: info('list', { query: 'limit=10&labelSelector=a' }),
    objects: 500,
    work: seats(5),
  },
  { name: 'a list of few large objects, by their bytes', info: info('list'), objects: 100, bytes: 50 * 2 ** 20, work: seats(50) },
  { name: 'a page of large objects', info: info('list', { query: 'limit=4' }), objects: 100, bytes: 50 * 2 ** 20, work: seats(6) },
  {
    name: 'a page of large objects in all namespaces, of average size',
    info: info('list', { query: 'limit=4', namespace: '' }),
    objects: 100,
    bytes: 50 * 2 ** 20,
    work: seats(2),
  },
  { name: 'a list of large objects at a small level', info: info('list'), objects: 100, bytes: 100 * 2 ** 20, nominal: 49, work: seats(8) },
  { name: 'a list of one name', info: info('list', { name: 'x' }), objects: 100_000, work: oneSeat },
  { name: 'a list as wide as a small level allows', info: info('list'), objects: 100_000, nominal: 49, work: seats(8) },
  { name: 'a list as wide as any', info: info('list'), objects: 1_000_000, nominal: 5000, work: seats(100) },
  { name: 'a limit that is not a number', info: info('list', { query: 'limit=x' }), objects: 500, work: seats(5) },
  { name: 'a watch from a version on', info: info('watch', { query: 'resourceVersion=7' }), objects: 100_000, work: oneSeat },
  { name: 'a watch that begins with everything', info: info('watch'), objects: 500, work: seats(5) },
  {
    name: 'a watch from zero on, which begins with everything',
    info: info('watch', { query: 'resourceVersion=0' }),
    objects: 500,
    work: seats(5),
  },
  {
    name: 'a watch that asks to begin with everything',
    info: info('watch', { query: 'sendInitialEvents=true&resourceVersion=7' }),
    objects: 500,
    work: seats(5),
  },
  { name: 'a watch of one name', info: info('watch', { name: 'x' }), objects: 100_000, work: oneSeat },
  { name: 'the deletion of a collection', info: info('deletecollection'), objects: 500, work: seats(5) },
  { name: 'a write that few watch', info: info('create'), watchers: 9, work: oneSeat },
  { name: 'a write that many watch', info: info('update'), watchers: 25, work: seats(1, 3, 5) },
  { name: 'a write that very many watch, for longer instead of wider', info: info('patch'), watchers: 1000, work: seats(1, 10, 50) },
  { name: 'a write at a small level', info: info('delete'), watchers: 100, nominal: 10, work: seats(1, 2, 25) },
  {
    name: 'a token, which no watcher sees',
    info: info('create', { resource: 'serviceaccounts', subresource: 'token' }),
    watchers: 1000,
    work: oneSeat,
  },
  { name: 'a get', info: info('get', { name: 'x' }), objects: 100_000, watchers: 1000, work: oneSeat },
]
for (const { name, info: asked, objects = 0, bytes = 0, watchers = 0, nominal = 600, work } of rows) {
  test(`estimateWork() of ${name}`, () =>
    assert.deepEqual(estimateWork(asked, nominal, { objects: () => objects, bytes: () => bytes, watchers: () => watchers }), work))
}

test('estimateWork() of a path is one seat', () => {
  const path = { isResource: false as const, verb: 'get', path: '/metrics', query: parseQuery('') }
  assert.equal(estimateWork(path, 1, { objects: () => 1e6, bytes: () => 1e9, watchers: () => 1e6 }), oneSeat)
})
