import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resources } from '../../api/resources/index.ts'
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1.ts'
import { readerOf } from '../admission.fixture.ts'
import type { AdmissionRequest } from '../admission.ts'
import { servedKinds } from '../served-kinds.ts'
import { compilePolicy } from './compile-policy.ts'
import { PolicyIndex } from './policy-index.ts'

const kinds = servedKinds(resources)
const context = { reader: readerOf({}), kinds }
const definition = (apiVersion: string, kind: string) => kinds.byKind(apiVersion, kind) ?? assert.fail(kind)
const policy = (name: string, plural: string, apiGroup = '', more: object = {}): ValidatingAdmissionPolicy => ({
  metadata: { name, uid: name, generation: 1 },
  spec: {
    matchConstraints: {
      resourceRules: [{ apiGroups: [apiGroup], apiVersions: ['*'], operations: ['CREATE'], resources: [plural] }],
      matchPolicy: 'Equivalent',
    },
    validations: [{ expression: 'true' }],
    ...more,
  },
})
const binding = (name: string): ValidatingAdmissionPolicyBinding => ({ metadata: { name }, spec: { policyName: name } })
const asked = (apiVersion: string, kind: string, more: object = {}) =>
  ({ operation: 'CREATE', resource: definition(apiVersion, kind), subresource: '', ...more }) as AdmissionRequest

function indexOf(policies: ValidatingAdmissionPolicy[], bindings: ValidatingAdmissionPolicyBinding[]) {
  const listeners: (() => void)[] = []
  const source = { policies: () => policies, bindings: () => bindings, onChange: (changed: () => void) => void listeners.push(changed) }
  const index = new PolicyIndex(
    [source],
    context,
    ({ spec }) => compilePolicy(spec),
    () => undefined,
  )
  return {
    index,
    changed: () => {
      for (const tell of listeners) tell()
    },
    names: (request: AdmissionRequest) => index.candidates(request).map(({ policy }) => policy.metadata.name),
  }
}

test('PolicyIndex finds the bound policies of a resource and an operation, by name', () => {
  const policies = [policy('b', 'pods'), policy('a', 'pods'), policy('c', 'services'), policy('unbound', 'pods')]
  const { names } = indexOf(policies, ['a', 'b', 'c'].map(binding))
  assert.deepEqual(names(asked('v1', 'Pod')), ['a', 'b'])
  assert.deepEqual(names(asked('v1', 'Service')), ['c'])
  assert.deepEqual(names(asked('v1', 'Pod', { operation: 'DELETE' })), [])
  assert.deepEqual(names(asked('v1', 'Pod', { subresource: 'status' })), [])
})

test('PolicyIndex finds policies for another version or group of the same objects', () => {
  const { names } = indexOf([policy('events', 'events', 'events.k8s.io')], [binding('events')])
  assert.deepEqual(names(asked('v1', 'Event')), ['events'])
})

test('PolicyIndex exempts policies and review requests', () => {
  const { names } = indexOf([policy('all', '*', '*')], [binding('all')])
  assert.deepEqual(names(asked('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy')), [])
  assert.deepEqual(names(asked('authorization.k8s.io/v1', 'SelfSubjectAccessReview')), [])
  assert.deepEqual(names(asked('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration')), ['all'])
})

test('PolicyIndex follows changes, and compiles only changed policies again', () => {
  const policies = [policy('a', 'pods'), policy('b', 'pods')]
  const { index, changed } = indexOf(policies, [binding('a'), binding('b')])
  const compiled = () => index.candidates(asked('v1', 'Pod')).map(found => found.compiled())
  const before = compiled()
  const [a, b] = policies
  assert.ok(a && b)
  // The status of one, and the spec of the other.
  policies[0] = { ...structuredClone(a), status: { observedGeneration: 1 } }
  policies[1] = { ...structuredClone(b), metadata: { ...b.metadata, generation: 2 } }
  changed()
  const [sameA, newB] = compiled()
  assert.equal(sameA, before[0])
  assert.notEqual(newB, before[1])
})
