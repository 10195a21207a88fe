// Members of an atomic map are still correlated: each has its old value.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSteps } from '../../base/async/steps.ts'
import type { JSONSchemaProps } from '../types/apiextensions-v1.ts'
import { ruleEvaluator } from './rules/rule-evaluator.ts'
import { OldValues } from './schema/old-values.ts'
import { schemaValidator, Walk } from './schema/schema-validator.ts'

const schema: JSONSchemaProps = {
  type: 'object',
  properties: {
    map: {
      type: 'object',
      'x-kubernetes-map-type': 'atomic',
      additionalProperties: { type: 'string', maxLength: 3, 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] },
    },
  },
}

const rows: readonly [name: string, old: object, now: object, fields: string[]][] = [
  ['a long value that stays', { a: 'long' }, { a: 'long', b: 'new' }, []],
  ['a long value that comes in', { a: 'long' }, { a: 'long', b: 'longer' }, ['map.b']],
  ['a long value that changes', { a: 'long' }, { a: 'longer' }, ['map.a']],
]
for (const [name, old, now, fields] of rows) {
  test(`schemaValidator() validates ${name}`, () => {
    const walk = new Walk(true)
    schemaValidator(schema)({ map: now }, walk, { map: old })
    assert.deepEqual(
      walk.errors.map(({ field }) => field),
      fields,
    )
  })
}

test('ruleEvaluator() gives each member its old value', () => {
  const validated = runSteps(
    ruleEvaluator(schema)?.({ map: { a: 'a', b: 'b' } }, { map: { a: 'b' } }, new OldValues()) ?? assert.fail('no rules'),
  )
  assert.deepEqual(
    validated?.errors.map(({ field }) => field),
    ['map[a]'],
  )
})
