import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FieldError, formatFieldError } from '../field-error.ts'
import type { Condition } from '../types/meta-v1.ts'
import { validateConditions } from './conditions.ts'

const fine: Condition = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'Because', message: '' }
const rows: { name: string; conditions: Condition[]; errors: RegExp[] }[] = [
  { name: 'what upstream takes', conditions: [fine, { ...fine, type: 'a.io/Other', reason: 'A,B:c_' }], errors: [] },
  { name: 'a type twice', conditions: [fine, fine], errors: [/^c\[1\]\.type: Duplicate value: "Ready"$/] },
  { name: 'another status', conditions: [{ ...fine, status: 'Maybe' }], errors: [/^c\[0\]\.status: Unsupported value: "Maybe"/] },
  {
    name: 'no time',
    conditions: [{ ...fine, lastTransitionTime: null }],
    errors: [/^c\[0\]\.lastTransitionTime: Required value: must be set$/],
  },
  { name: 'no reason', conditions: [{ ...fine, reason: '' }], errors: [/^c\[0\]\.reason: Required value: must be set$/] },
  {
    name: 'a reason with an open end',
    conditions: [{ ...fine, reason: 'A:' }],
    errors: [/^c\[0\]\.reason: Invalid value: "A:": a condition reason/],
  },
  { name: 'a long message', conditions: [{ ...fine, message: 'x'.repeat(32769) }], errors: [/^c\[0\]\.message: Too long/] },
  {
    name: 'a past generation',
    conditions: [{ ...fine, observedGeneration: -1 }],
    errors: [/^c\[0\]\.observedGeneration: Invalid value: -1/],
  },
]
for (const { name, conditions, errors } of rows) {
  test(`validateConditions() validates ${name}`, () => {
    const found: FieldError[] = []
    validateConditions(conditions, 'c', found)
    assert.equal(found.length, errors.length)
    for (const [index, error] of errors.entries()) assert.match(found.map(formatFieldError)[index] ?? '', error)
  })
}
