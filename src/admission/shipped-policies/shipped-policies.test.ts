import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { validatingAdmissionPolicy } from '../../api/resources/admissionregistration/validating-admission-policy.ts'
import { validatingAdmissionPolicyBinding } from '../../api/resources/admissionregistration/validating-admission-policy-binding.ts'
import { assertTable } from '../../base/testing/document-table.testing.ts'
import { shippedPolicies, shippedSource } from './index.ts'
import { objectsOf } from './shipped-policy.ts'

for (const shipped of shippedPolicies) {
  test(`${shipped.name} would be accepted by the API as it is`, () => {
    const { policy, binding } = objectsOf(shipped)
    const defaulted = structuredClone(policy)
    validatingAdmissionPolicy.setDefaults?.(defaulted)
    assert.deepEqual(policy, defaulted)
    assert.deepEqual(validatingAdmissionPolicy.validate?.(policy), [])
    assert.deepEqual(validatingAdmissionPolicyBinding.validate?.(binding), [])
  })
}

test('shippedPolicies lists every file of the folder', () => {
  const files = readdirSync(import.meta.dirname).filter(name => !/^(index|shipped-policy|shipped-policies\.test)\./.test(name))
  const named = shippedPolicies.map(({ name }) => `${name.split('.')[0]}.ts`)
  assert.deepEqual(named.toSorted(), files.toSorted())
})

test('shippedSource() is empty in profile upstream, and without what is switched off', () => {
  assert.deepEqual(shippedSource('upstream').policies(), [])
  const [first] = shippedPolicies
  assert.ok(first)
  const left = shippedSource('secure', [first.name])
  assert.equal(left.policies().length, shippedPolicies.length - 1)
  assert.ok(!left.bindings().some(({ spec }) => spec.policyName === first.name))
})

test('docs/policies-from-files.md has the row of each shipped policy', () => {
  assertTable(
    'docs/policies-from-files.md',
    ['shipped policy', 'what it does', 'what is possible without it'],
    shippedPolicies.map(({ name, does, guard }) => [`\`${name}\``, does, guard]),
  )
})
