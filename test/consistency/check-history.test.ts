import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkHistory } from './check-history.ts'
import type { History, List, Read, Violation, Watch, WatchRecord, Write } from './history.ts'
import { makeHistory } from './made-history.ts'
import { Random } from './random.ts'

const wrote = (over: Partial<Write>): Write => ({
  ...{ kind: 'write', client: 1, invoked: 1, ended: 2, key: 'a', expected: 0, value: 'one', group: 'red', outcome: 'ok' },
  ...over,
})
const one = wrote({ revision: 1 })
const two = wrote({ invoked: 3, ended: 4, expected: 1, value: 'two', revision: 2 })
const deleted: Write = { ...wrote({ invoked: 5, ended: 6, expected: 2 }), value: undefined }
const read = (invoked: number, ended: number, revision?: number, value = revision === 1 ? 'one' : 'two'): Read => ({
  ...{ kind: 'read', client: 2, key: 'a', invoked, ended },
  found: revision === undefined ? undefined : { key: 'a', revision, value },
})
const listed = (revision: number, versions: readonly [string, number, string][], invoked = 10): List => ({
  ...{ kind: 'list', client: 3, invoked, ended: invoked + 1, group: undefined },
  pages: [{ revision, versions: versions.map(([key, at, value]) => ({ key, revision: at, value })) }],
})
const saw = (...records: readonly WatchRecord[]): Watch => ({ kind: 'watch', client: 4, group: undefined, after: 0, records })
const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', revision: number, value: string, at = 20): WatchRecord => ({
  ...{ type, at },
  version: { key: 'a', revision, value },
})
const bookmark = (revision: number): WatchRecord => ({ type: 'BOOKMARK', at: 20, revision })
const all = [event('ADDED', 1, 'one'), event('MODIFIED', 2, 'two'), event('DELETED', 3, 'two')]

interface Case {
  readonly title: string
  readonly history: Partial<History>
  readonly rules?: readonly Violation['rule'][]
}

const cases: readonly Case[] = [
  { title: 'nothing', history: {} },
  {
    title: 'a life of an object',
    history: {
      writes: [one, two, deleted],
      reads: [read(1, 2), read(1, 2, 1), read(3, 4, 1), read(4, 5, 2), read(6, 7)],
      watches: [saw(...all)],
    },
  },
  { title: 'a read of what was replaced before', history: { writes: [one, two], reads: [read(5, 6, 1)] }, rules: ['order'] },
  {
    title: 'two reads, the later one of the older version',
    history: { writes: [one, { ...two, ended: 100 }], reads: [read(5, 6, 2), read(7, 8, 1)] },
    rules: ['order'],
  },
  { title: 'a read of what was not written yet', history: { writes: [one, two], reads: [read(1, 2, 2)] }, rules: ['order'] },
  { title: 'a read that finds nothing', history: { writes: [one, two], reads: [read(5, 6)] }, rules: ['absence'] },
  { title: 'a value of nobody', history: { writes: [one], reads: [read(5, 6, 9, 'x')] }, rules: ['phantom'] },
  {
    title: 'revisions against the order of time',
    history: { writes: [wrote({ revision: 5 }), { ...two, key: 'b', expected: 0 }] },
    rules: ['order'],
  },
  {
    title: 'one revision for two writes',
    history: { writes: [one, wrote({ key: 'b', value: 'other', revision: 1 })] },
    rules: ['revision used twice'],
  },
  {
    title: 'two updates of one version',
    history: { writes: [one, two, wrote({ client: 5, expected: 1, value: 'three', revision: 3, invoked: 3, ended: 9 })] },
    rules: ['two winners'],
  },
  {
    title: 'an unknown write that was seen',
    history: {
      writes: [one, { ...wrote({ invoked: 3, ended: Infinity, expected: 1, value: 'two', outcome: 'unknown' }) }],
      reads: [read(5, 6, 2)],
    },
  },
  {
    title: 'an unknown write that came and went',
    history: {
      writes: [one, wrote({ invoked: 3, ended: Infinity, expected: 1, value: 'two', outcome: 'unknown' })],
      reads: [read(5, 6, 2), read(7, 8, 1)],
    },
    rules: ['order'],
  },
  {
    title: 'a refused write that was seen',
    history: { writes: [one, { ...wrote({ expected: 1, value: 'two', outcome: 'refused' }) }], reads: [read(5, 6, 2)] },
    rules: ['refused but applied', 'refused without a reason'],
  },
  {
    title: 'a refusal before the other write',
    history: {
      writes: [one, wrote({ invoked: 3, ended: 4, expected: 1, value: 'x', outcome: 'refused' }), { ...two, invoked: 5, ended: 6 }],
    },
    rules: ['order'],
  },
  {
    title: 'a creation that is refused, of nothing',
    history: { writes: [wrote({ outcome: 'refused' })] },
    rules: ['refused without a reason'],
  },
  {
    title: 'a deletion that an open watch did not show',
    history: { writes: [one, two, deleted], watches: [{ ...saw(...all.slice(0, 2)), reached: 3 }] },
    rules: ['watch'],
  },
  {
    title: 'a deletion between two watches',
    history: {
      writes: [one, two, deleted, wrote({ invoked: 7, ended: 8, value: 'three', revision: 9 })],
      watches: [saw(...all.slice(0, 2)), { ...saw(event('ADDED', 9, 'three')), after: 8, reached: 9 }],
      lists: [listed(2, [['a', 2, 'two']], 4)],
    },
  },
  {
    title: 'a deletion between two watches, of which the first saw later changes of others',
    history: {
      writes: [
        ...[one, two, wrote({ key: 'b', value: 'other', revision: 5, invoked: 3, ended: 4 })],
        { ...deleted, ended: Infinity, outcome: 'unknown' },
        wrote({ invoked: 7, ended: 8, value: 'three', revision: 9 }),
      ],
      watches: [
        saw(...all.slice(0, 2), { type: 'ADDED', at: 20, version: { key: 'b', revision: 5, value: 'other' } }),
        { ...saw(event('ADDED', 9, 'three')), after: 8, reached: 9 },
      ],
      lists: [listed(2, [['a', 2, 'two']], 4)],
    },
  },
  {
    title: 'a deletion that only a watch of a selection showed',
    history: {
      writes: [one, two, deleted],
      watches: [{ ...saw(...all), group: 'red', reached: 3 }],
    },
  },
  {
    title: 'an acknowledged deletion that is undone',
    history: { writes: [one, two, deleted], lists: [listed(4, [['a', 2, 'two']])] },
    rules: ['order'],
  },
  { title: 'a list', history: { writes: [one, two], lists: [listed(2, [['a', 2, 'two']])] } },
  { title: 'a list that is too old', history: { writes: [one, two], lists: [listed(1, [['a', 1, 'one']])] }, rules: ['order'] },
  { title: 'a list without an object', history: { writes: [one], lists: [listed(1, [])] }, rules: ['list'] },
  { title: 'a list with another version', history: { writes: [one, two], lists: [listed(2, [['a', 1, 'one']])] }, rules: ['list'] },
  {
    title: 'pages of two revisions',
    history: {
      writes: [one],
      lists: [
        {
          ...listed(1, [['a', 1, 'one']]),
          pages: [
            { revision: 1, versions: [] },
            { revision: 2, versions: [] },
          ],
        },
      ],
    },
    rules: ['pages'],
  },
  { title: 'a watch with a hole', history: { writes: [one, two], watches: [saw(event('MODIFIED', 2, 'two'))] }, rules: ['watch'] },
  {
    title: 'a watch that repeats',
    history: { writes: [one], watches: [saw(event('ADDED', 1, 'one'), event('ADDED', 1, 'one'))] },
    rules: ['watch'],
  },
  {
    title: 'a watch that ends early',
    history: { writes: [one, two], watches: [{ ...saw(event('ADDED', 1, 'one')), reached: 2 }] },
    rules: ['watch'],
  },
  { title: 'a watch with another type', history: { writes: [one], watches: [saw(event('MODIFIED', 1, 'one'))] }, rules: ['watch'] },
  { title: 'an event before its write', history: { writes: [one], watches: [saw(event('ADDED', 1, 'one', 0))] }, rules: ['order'] },
  {
    title: 'a bookmark before an event',
    history: { writes: [one], watches: [saw(bookmark(1), event('ADDED', 1, 'one'))] },
    rules: ['bookmark'],
  },
  {
    title: 'a bookmark that goes back',
    history: { writes: [one], watches: [saw(event('ADDED', 1, 'one'), bookmark(0))] },
    rules: ['bookmark'],
  },
]

describe('checkHistory()', () => {
  for (const { title, history, rules = [] } of cases)
    test(`${rules.length === 0 ? 'accepts' : 'refuses'} ${title}`, () => {
      const found = checkHistory({ writes: [], reads: [], lists: [], watches: [], ...history }).map(({ rule }) => rule)
      assert.deepEqual([...new Set(found)].sort(), [...rules].sort())
    })

  test('accepts a long history, and refuses it with one read of an older version', () => {
    const history = makeHistory(50_000, new Random(1), 100)
    assert.deepEqual(checkHistory(history), [])
    const last = history.writes.findLast(({ outcome, value, expected }) => outcome === 'ok' && value !== undefined && expected > 0)
    const before = history.writes.find(({ revision }) => revision === last?.expected)
    assert.ok(last !== undefined && before?.revision !== undefined && before.value !== undefined)
    const found = { key: last.key, revision: before.revision, value: before.value }
    const stale: Read = { kind: 'read', client: 1, key: last.key, found, invoked: last.ended + 1, ended: last.ended + 2 }
    assert.deepEqual(
      checkHistory({ ...history, reads: [...history.reads, stale] }).map(({ rule }) => rule),
      ['order'],
    )
  })
})
