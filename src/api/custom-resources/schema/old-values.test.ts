import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSteps } from '../../../base/async/steps.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { ruleEvaluator } from '../rules/rule-evaluator.ts'
import { OldValues, uncorrelated } from './old-values.ts'

const item: JSONSchemaProps = { type: 'object', properties: { name: { type: 'string' }, value: { type: 'integer' } } }
const keyed: JSONSchemaProps = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: item }
const plain: JSONSchemaProps = { type: 'array', items: item }
const open: JSONSchemaProps = { ...item, 'x-kubernetes-preserve-unknown-fields': true }
const map: JSONSchemaProps = { type: 'object', additionalProperties: { type: 'string' } }
const [a, b] = [
  { name: 'a', value: 1 },
  { name: 'b', value: 2 },
]

const rows: readonly [name: string, schema: JSONSchemaProps, value: unknown, old: unknown, unchanged: boolean][] = [
  ['the same fields', item, { ...a }, { ...a }, true],
  ['another value', item, a, { ...a, value: 2 }, false],
  ['a field that came', item, a, { name: 'a' }, false],
  ['a field that went', item, { name: 'a' }, a, false],
  ['a null that stays', item, { name: null }, { name: null }, true],
  ['a field that the schema does not name', open, { name: 'a', more: 1 }, { name: 'a', more: 1 }, false],
  ['members of a map', map, { x: 'y' }, { x: 'y' }, true],
  ['items with keys in another order', keyed, [a, b], [b, a], true],
  ['an item with another key', keyed, [a], [b], false],
  ['other items in another order', plain, [a, b], [b, a], false],
  ['other items in the same order', plain, [a, b], [{ ...a }, { ...b }], true],
  ['an object that was a list', item, {}, [], false],
  ['an empty list that was an object', keyed, [], {}, false],
]
for (const [name, schema, value, old, unchanged] of rows) {
  test(`OldValues of ${name}`, () => assert.equal(new OldValues().unchanged(schema, value, old), unchanged))
}

const validated = (schema: JSONSchemaProps, value: unknown, old: unknown) => {
  const { errors, ratcheted } = runSteps(ruleEvaluator(schema)?.(value, old, new OldValues()) ?? assert.fail('no rules'))
  return { errors: errors.map(({ message }) => message), ratcheted: ratcheted.map(({ message }) => message) }
}

test('ruleEvaluator() allows a failure if the fields that the schema names did not change and there are no others', () => {
  const validations = [{ rule: 'self.value > 5', message: 'too small' }]
  const said = 'Invalid value: "object": too small'
  const schema: JSONSchemaProps = { type: 'object', properties: { spec: { ...open, 'x-kubernetes-validations': validations } } }
  assert.deepEqual(validated(schema, { spec: a }, { spec: { ...a } }), { errors: [], ratcheted: [said] })
  assert.deepEqual(validated(schema, { spec: { ...a, more: 1 } }, { spec: { ...a, more: 1 } }), { errors: [said], ratcheted: [] })
  const root: JSONSchemaProps = { type: 'object', properties: { spec: item }, 'x-kubernetes-validations': [{ rule: '!has(self.spec)' }] }
  const whole = { apiVersion: 'a/v1', kind: 'K', metadata: { name: 'x' }, spec: a }
  assert.deepEqual(validated(root, whole, structuredClone(whole)).ratcheted, [])
})

test('a message sees the plain old value if any rule uses it', () => {
  const rules = (...given: object[]): JSONSchemaProps => ({ type: 'string', 'x-kubernetes-validations': given as { rule: string }[] })
  const optional = { rule: 'oldSelf.hasValue() && false', optionalOldSelf: true }
  const failed = 'Invalid value: "string": failed rule: oldSelf.hasValue() && false'
  const asked = rules({ ...optional, messageExpression: "oldSelf.orValue('none')" })
  assert.deepEqual(validated(asked, 'x', 'y').errors, [failed])
  assert.deepEqual(validated(asked, 'x', uncorrelated).errors, [failed])
  const seen = rules({ rule: 'false', messageExpression: "'was ' + oldSelf" }, { rule: 'oldSelf != self' })
  assert.deepEqual(validated(seen, 'x', 'y').errors, ['Invalid value: "string": was y'])
  const unseen = rules({ rule: 'false', messageExpression: "'was ' + oldSelf" })
  assert.deepEqual(validated(unseen, 'x', 'y').errors, ['Invalid value: "string": failed rule: false'])
})
