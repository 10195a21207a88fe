import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultHandling } from '../../api/data-classes/data-class.ts'
import { UserError } from '../../base/user-error.ts'
import { parseDataClasses } from './read-data-classes.ts'

const fail = (what: string): never => {
  throw new UserError(what)
}
const file = (classes: unknown, more: object = {}) => ({ apiVersion: 'bulkhead.dev/v1alpha1', kind: 'DataClasses', classes, ...more })

describe('parseDataClasses()', () => {
  test('keeps the default of what is not listed', () => {
    const parsed = parseDataClasses(file({ internal: { events: 'mask' } }), fail)
    assert.deepEqual(parsed, { ...defaultHandling, internal: { ...defaultHandling.internal, events: 'mask' } })
    assert.deepEqual(parseDataClasses(file(undefined), fail), defaultHandling)
  })

  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ['another kind', { apiVersion: 'v1', kind: 'DataClasses' }, /must be DataClasses of bulkhead\.dev\/v1alpha1/],
    ['an unknown class', file({ secret: {} }), /secret/],
    ['an unknown field', file({ personal: { log: 'show' } }), /log/],
    ['an unknown choice', file({ personal: { audit: 'all' } }), /classes\.personal\.audit must be record or sealed or metadata, got "all"/],
    ['a list', file([]), /classes must be an object/],
    ['more', file({}, { spec: {} }), /spec/],
  ]
  for (const [name, value, message] of refused)
    test(`refuses ${name}`, () => {
      assert.throws(() => parseDataClasses(value, fail), message)
    })
})
