import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alreadyExists, conflict, forbidden, invalid, notFound } from './status.ts'

const pods = { group: '', plural: 'pods' }
const odd = 'a"\n'

const errors = [
  ['notFound', notFound(pods, odd), String.raw`pods "a\"\n" not found`],
  ['alreadyExists', alreadyExists(pods, odd), String.raw`pods "a\"\n" already exists`],
  ['conflict', conflict(pods, odd, 'why'), String.raw`Operation cannot be fulfilled on pods "a\"\n": why`],
  ['forbidden', forbidden(pods, odd, 'why'), String.raw`pods "a\"\n" is forbidden: why`],
  [
    'invalid',
    invalid({ group: '', kind: 'Pod' }, odd, [{ type: 'FieldValueRequired', field: 'f', message: 'Required value' }]),
    String.raw`Pod "a\"\n" is invalid: f: Required value`,
  ],
] as const

for (const [title, error, message] of errors) {
  test(`${title}() escapes a name in its message, but not in its details`, () => {
    assert.deepEqual([error.status.message, error.status.details?.name], [message, odd])
  })
}

test('invalid() reports up to a quarter of a mebibyte of errors, and the number of omitted ones', () => {
  const fault = { type: 'FieldValueRequired', field: 'f', message: 'r'.repeat(1023) } as const
  const { status } = invalid({ group: '', kind: 'Pod' }, 'a', Array<typeof fault>(300).fill(fault))
  assert.equal(status.details?.causes?.length, 256)
  assert.match(status.message ?? '', /, 44 more faults, which are too long to be shown\]$/)
})
