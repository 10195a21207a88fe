import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isEmptyRecord, noteMembers } from './large-record.ts'

/** Counts how often its members are listed. */
function listed(members: Record<string, unknown>): { readonly record: object; times(): number } {
  let times = 0
  const record = new Proxy(members, {
    ownKeys(target) {
      times += 1
      return Reflect.ownKeys(target)
    },
  })
  return { record, times: () => times }
}

test('isEmptyRecord() does not list the members of a large record that was counted', () => {
  const { record, times } = listed(Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, at])))
  assert.equal(isEmptyRecord(record), false)
  assert.equal(times(), 1)
  noteMembers(record, 300)
  assert.equal(isEmptyRecord(record), false)
  assert.equal(times(), 1)
})

test('isEmptyRecord() checks small records, whose members may be removed', () => {
  const record: Record<string, number> = { a: 1 }
  noteMembers(record, 1)
  assert.equal(isEmptyRecord(record), false)
  delete record['a']
  assert.equal(isEmptyRecord(record), true)
})
