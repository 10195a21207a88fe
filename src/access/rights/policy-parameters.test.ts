import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ParamRef } from '../../api/types/admissionregistration-v1.ts'
import type { Attributes } from '../access.ts'
import { checkPolicyParameters, type PolicyWrite } from './policy-parameters.ts'

const secrets = { apiVersion: 'v1', kind: 'Secret' }
const group = 'admissionregistration.k8s.io'
const policyResource = { group, kind: 'ValidatingAdmissionPolicy', plural: 'validatingadmissionpolicies' }
const bindingResource = { group, kind: 'ValidatingAdmissionPolicyBinding', plural: 'validatingadmissionpolicybindings' }

const policyResources = ['validatingadmissionpolicies', 'mutatingadmissionpolicies']

/** The refusal, and the authorizer's questions. */
async function check(
  write: Omit<PolicyWrite, 'name' | 'user' | 'oldObject'> & { oldObject?: PolicyWrite['oldObject'] },
  groups = ['dev'],
  allowed = false,
) {
  const asked: string[] = []
  const authorize = async ({ verb, group: asks, version, resource, namespace, name }: Attributes) => {
    asked.push(`${verb} ${asks}/${version}/${resource} ${namespace}/${name}`)
    return allowed ? ({ allowed: true, authorizer: 't', reason: '' } as const) : ({ allowed: false, reason: '' } as const)
  }
  const error = await checkPolicyParameters(
    { name: 'x', user: { name: 'ann', groups }, oldObject: undefined, ...write },
    {
      authorization: { authorize },
      policy: (plural, name) => (name === 'known' && policyResources.includes(plural) ? policy(secrets) : undefined),
      pluralOf: (apiVersion, kind) => (apiVersion === 'v1' && kind === 'Secret' ? 'secrets' : undefined),
    },
  )
  return { message: error?.message, asked }
}

const policy = (paramKind?: { apiVersion: string; kind: string }) => ({
  metadata: { name: 'x' },
  spec: paramKind === undefined ? {} : { paramKind },
})
const binding = (policyName: string, paramRef?: ParamRef) => ({
  metadata: { name: 'x' },
  spec: { policyName, ...(paramRef === undefined ? {} : { paramRef }) },
})

test('checkPolicyParameters() lets no user have a policy read what the user may not read', async () => {
  const { message, asked } = await check({ resource: policyResource, object: policy(secrets) })
  assert.deepEqual(asked, ['get /v1/secrets */*'])
  assert.equal(
    message,
    'ValidatingAdmissionPolicy.admissionregistration.k8s.io "x" is invalid: spec.paramKind: Forbidden: user &{ann  [dev] map[]} must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)',
  )
  assert.equal((await check({ resource: policyResource, object: policy(secrets) }, ['dev'], true)).message, undefined)
  assert.equal((await check({ resource: policyResource, object: policy(secrets) }, ['system:masters'])).message, undefined)
})

test('checkPolicyParameters() checks nothing for a policy with no parameters or unchanged ones', async () => {
  assert.deepEqual((await check({ resource: policyResource, object: policy() })).asked, [])
  assert.deepEqual((await check({ resource: policyResource, object: policy(secrets), oldObject: policy(secrets) })).asked, [])
})

test('checkPolicyParameters() takes an unknown kind for all of its group version', async () => {
  const paramKind = { apiVersion: 'a.io/v2', kind: 'Odd' }
  assert.deepEqual((await check({ resource: policyResource, object: policy(paramKind) })).asked, ['get a.io/v2/* */*'])
})

const action = { parameterNotFoundAction: 'Deny' }
const bindings: { name: string; policyName: string; paramRef: ParamRef; asked: string }[] = [
  { name: 'an object', policyName: 'known', paramRef: { ...action, name: 's', namespace: 'n' }, asked: 'get /v1/secrets n/s' },
  { name: 'all objects', policyName: 'known', paramRef: { ...action, selector: {} }, asked: 'list /v1/secrets /' },
  { name: 'an object of an unknown policy', policyName: 'gone', paramRef: { ...action, name: 's' }, asked: 'get */*/* /s' },
]
for (const { name, policyName, paramRef, asked } of bindings) {
  test(`checkPolicyParameters() requires the right to read a binding's parameters: ${name}`, async () => {
    const found = await check({ resource: bindingResource, object: binding(policyName, paramRef) })
    assert.deepEqual(found.asked, [asked])
    assert.match(
      found.message ?? '',
      /spec\.paramRef: Forbidden: user .* does not have "(get|list)" permission on the object referenced by paramRef$/,
    )
    const same = binding(policyName, paramRef)
    assert.deepEqual((await check({ resource: bindingResource, object: same, oldObject: structuredClone(same) })).asked, [])
  })
}

test('checkPolicyParameters() covers mutating policies and their bindings too', async () => {
  const resource = { group, kind: 'MutatingAdmissionPolicy', plural: 'mutatingadmissionpolicies' }
  const ofBindings = { group, kind: 'MutatingAdmissionPolicyBinding', plural: 'mutatingadmissionpolicybindings' }
  assert.match(
    (await check({ resource, object: policy(secrets) })).message ?? '',
    /^MutatingAdmissionPolicy.* spec\.paramKind: Forbidden: user/,
  )
  const { message, asked } = await check({ resource: ofBindings, object: binding('known', { name: 'key', namespace: 'prod' }) })
  assert.match(message ?? '', /does not have "get" permission on the object referenced by paramRef$/)
  assert.deepEqual(asked, ['get /v1/secrets prod/key'])
})
