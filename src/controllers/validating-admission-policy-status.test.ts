import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ValidatingAdmissionPolicySpec } from '../api/types/admissionregistration-v1.ts'
import { typeWarnings } from './policy-types-late.ts'

const rule = (resources: string[], more: object = {}) => ({
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources,
  ...more,
})
const spec = (resources: string[], more: Partial<ValidatingAdmissionPolicySpec> = {}): ValidatingAdmissionPolicySpec => ({
  matchConstraints: { resourceRules: [rule(resources)] },
  validations: [{ expression: 'object.spec.replicas > 1' }],
  ...more,
})
const undefinedField = (kind: string): string =>
  `apps/v1, Kind=${kind}: compilation failed: ERROR: <input>:1:12: undefined field 'replicas'\n | object.spec.replicas > 1\n | ...........^\n`

test('typeWarnings() finds a field that a kind has not, by kind', () => {
  assert.deepEqual(typeWarnings(spec(['deployments'])), [])
  assert.deepEqual(typeWarnings(spec(['deployments', 'daemonsets', 'controllerrevisions'], { validations: [{ expression: 'true' }] })), [])
  assert.deepEqual(typeWarnings(spec(['deployments', 'daemonsets'])), [
    { fieldRef: 'spec.validations[0].expression', warning: undefinedField('DaemonSet') },
  ])
})

test('typeWarnings() checks messages, and what variables and parameters are', () => {
  const validations = [
    { expression: 'variables.count > 1 && params.data.max == 1', messageExpression: 'string(object.spec.paused) + object.kindd' },
  ]
  const variables = [{ name: 'count', expression: 'object.spec.replicas' }]
  const found = typeWarnings(spec(['deployments'], { validations, variables, paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }))
  assert.deepEqual(
    found.map(({ fieldRef }) => fieldRef),
    ['spec.validations[0].expression', 'spec.validations[0].messageExpression'],
  )
  assert.match(found[0]?.warning ?? '', /found no matching overload for '_==_' applied to '\(string, int\)'/)
  assert.match(found[1]?.warning ?? '', /undefined field 'kindd'/)
})

test('typeWarnings() says nothing of rules with wildcards and of kinds without types', () => {
  assert.deepEqual(typeWarnings(spec(['*'])), [])
  assert.deepEqual(typeWarnings(spec(['widgets'])), [])
  const matchConstraints = { resourceRules: [rule(['daemonsets'], { apiGroups: ['*'] })] }
  assert.deepEqual(typeWarnings(spec([], { matchConstraints })), [])
})
