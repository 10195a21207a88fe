// Rules with low cost by upstream's count and much work: the object is rejected, and other requests wait no longer than for a few
// evaluations.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestWork } from '../../cel/kubernetes/limits.ts'
import { formatFieldError } from '../../field-error.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { CustomKind } from '../custom-kind.ts'
import { OldValues, uncorrelated } from '../schema/old-values.ts'
import { compileNode, evaluateByNode, newBudget } from './rule-evaluator.ts'

const lists: JSONSchemaProps = {
  type: 'array',
  items: { type: 'array', items: { type: 'array', items: { type: 'string' } } },
}
const rules = (rule: string, count = 1): JSONSchemaProps['x-kubernetes-validations'] => Array.from({ length: count }, () => ({ rule }))
const evaluated = (schema: JSONSchemaProps, value: unknown) => {
  const budget = newBudget()
  const node = compileNode(schema, false)
  assert.ok(node !== undefined)
  return { errors: evaluateByNode(node, value, uncorrelated, new OldValues(), budget).errors, budget }
}

test('evaluateByNode() ends a rule that compares each of many lists with each other', () => {
  const value = Array.from({ length: 110 }, () => [Array.from({ length: 400 }, () => 'x')])
  const { errors, budget } = evaluated({ ...lists, 'x-kubernetes-validations': rules('self.all(a, self.all(b, a == b))') }, value)
  assert.match(
    errors.map(formatFieldError).join(),
    /actual work limit exceeded.*no further validation rules will be run due to call cost exceeds limit for rule/,
  )
  assert.equal(errors.length, 1)
  assert.ok(budget.left > 9_000_000, 'by its cost alone it could go on for long')
})

test('evaluateByNode() ends rules that together do too much work', () => {
  const value = Array.from({ length: 40 }, () => [Array.from({ length: 400 }, () => 'x')])
  const schema = { ...lists, 'x-kubernetes-validations': rules('self.all(a, self.all(b, a == b))', 20) }
  const { errors, budget } = evaluated(schema, value)
  assert.deepEqual(errors.map(formatFieldError), [
    '<nil>: Invalid value: "array": validation failed due to running out of cost budget, no further validation rules will be run',
  ])
  assert.ok(-budget.work < requestWork, `${-budget.work} units too many`)
  assert.deepEqual(evaluated({ ...lists, 'x-kubernetes-validations': rules('self.all(a, self.all(b, a == b))') }, value).errors, [])
})

test('validateInTurns() yields between the rules of one object, and validateNew() and validateUpdate() return once what it found', async () => {
  const schema: JSONSchemaProps = {
    type: 'object',
    properties: { spec: { ...lists, 'x-kubernetes-validations': rules('!self.all(a, self.all(b, a == b))', 4) } },
  }
  const kind = new CustomKind({ apiVersion: 'a/v1', kind: 'K', schemaId: '1', schema: () => schema })
  const objectOf = () => ({
    ...{ apiVersion: 'a/v1', kind: 'K', metadata: { name: 'x' } },
    spec: Array.from({ length: 30 }, () => [Array.from({ length: 400 }, () => 'x')]),
  })
  let yields = 0
  const budget = { isSpent: true, renew: () => void yields++ }
  const object = objectOf()
  const expected = kind.validateNew(objectOf())
  assert.equal(expected.length, 4)
  await kind.validateInTurns(object, undefined, budget)
  assert.equal(yields, 3)
  const found = kind.validateNew(object)
  assert.deepEqual(found, expected)
  assert.notEqual(kind.validateNew(object), found)
  // What was found of a creation says nothing of an update.
  const old = { ...objectOf(), spec: [] }
  await kind.validateInTurns(object, undefined, budget)
  assert.deepEqual(kind.validateUpdate(object, object), [])
  await kind.validateInTurns(object, old, budget)
  assert.deepEqual(kind.validateUpdate(object, old), expected)
})
