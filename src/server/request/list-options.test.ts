import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ApiError } from '../../api/status.ts'
import { listOptions, requiredRevision } from './list-options.ts'
import { parseQuery } from './query.ts'

function failure(run: () => unknown): { code: number; messages: (string | undefined)[]; message: string } | undefined {
  try {
    run()
    return undefined
  } catch (err) {
    if (!(err instanceof ApiError)) throw err
    const { code, details } = err.status
    return { code, message: err.message, messages: (details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`) }
  }
}

describe('listOptions()', () => {
  const ofList: [query: string, problems: string[]][] = [
    ['limit=5&continue=x', []],
    ['resourceVersion=5&resourceVersionMatch=Exact', []],
    ['resourceVersion=0&resourceVersionMatch=NotOlderThan', []],
    [
      'resourceVersionMatch=Exact',
      ['resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'],
    ],
    [
      'resourceVersion=5&resourceVersionMatch=NotOlderThan&continue=x',
      ['resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'],
    ],
    [
      'resourceVersion=5&resourceVersionMatch=nope',
      ['resourceVersionMatch: Unsupported value: "nope": supported values: "Exact", "NotOlderThan", ""'],
    ],
    [
      'resourceVersion=0&resourceVersionMatch=Exact',
      ['resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
    ],
    ['sendInitialEvents=false', ['sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list']],
  ]
  const ofWatch: [query: string, problems: string[]][] = [
    ['resourceVersion=5&timeoutSeconds=1', []],
    ['sendInitialEvents=true&resourceVersionMatch=NotOlderThan', []],
    ['sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=5', []],
    [
      'sendInitialEvents=true',
      ['resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
    ],
    [
      'resourceVersionMatch=NotOlderThan',
      ['resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'],
    ],
    [
      'sendInitialEvents=true&resourceVersionMatch=Exact',
      [
        'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
      ],
    ],
    [
      'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x',
      ['resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'],
    ],
  ]
  for (const [watch, rows] of [
    [false, ofList],
    [true, ofWatch],
  ] as const) {
    for (const [query, problems] of rows) {
      test(`of a ${watch ? 'watch' : 'list'} reports for ${query}: ${problems.length === 0 ? 'nothing' : problems.join(', ')}`, () => {
        const found = failure(() => listOptions(parseQuery(watch ? `watch=true&${query}` : query)))
        assert.deepEqual(found?.messages ?? [], problems)
        assert.equal(found?.code ?? 422, 422)
      })
    }
  }
})

test('requiredRevision() of no number is a plain failure, and of a list a bad request', () => {
  const why = 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'
  assert.deepEqual(
    failure(() => requiredRevision('x')),
    { code: 500, message: why, messages: [] },
  )
  assert.deepEqual(
    failure(() => requiredRevision('x', true)),
    { code: 400, message: `invalid resource version: ${why}`, messages: [] },
  )
  assert.match(failure(() => requiredRevision('99999999999999999999'))?.message ?? '', /value out of range$/)
  assert.equal(requiredRevision(''), 0)
  assert.equal(requiredRevision('18446744073709551615'), 2 ** 64)
})
