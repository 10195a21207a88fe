import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFileLimit } from './open-file-limit.ts'

const limits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             95951                95951                processes
Max open files            ${soft.padEnd(20)} 1048576              files
Max locked memory         8388608              8388608              bytes
`

for (const [soft, limit] of [
  ['1024', 1024],
  ['1048576', 1_048_576],
  ['unlimited', Number.POSITIVE_INFINITY],
] as const)
  test(`openFileLimit() of ${soft} is the soft limit`, () => assert.equal(openFileLimit(limits(soft)), limit))

test('openFileLimit() is infinite if there is no limit in the text', () => assert.equal(openFileLimit(''), Number.POSITIVE_INFINITY))

test("openFileLimit() reads this process's limit", { skip: process.platform !== 'linux' }, () => assert.ok(openFileLimit() > 0))
