import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PolicyFileError, readPolicyFiles } from './policy-files.ts'

const policy = (name: string, spec = ''): string => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: ${name} }
spec:
  matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods] }] }
  validations: [{ expression: 'true' }]
  ${spec}
---
`
const binding = (name: string, policyName = name): string => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: ${name} }
spec: { policyName: ${policyName}, validationActions: [Deny] }
---
`
const files = (...texts: string[]) => texts.map((text, index) => ({ name: `${'abc'[index]}.yaml`, text }))
const read = (...texts: string[]) => readPolicyFiles(files(...texts), { mutates: false })

test('readPolicyFiles() sets defaults, and marks objects with their file', () => {
  const { policies, bindings } = read(policy('p'), `${binding('p')}# nothing else\n`).validating
  assert.equal(policies[0]?.spec.failurePolicy, 'Fail')
  assert.equal(policies[0]?.metadata.annotations?.['policy.bulkhead.dev/file'], 'a.yaml')
  assert.equal(bindings[0]?.metadata.annotations?.['policy.bulkhead.dev/file'], 'b.yaml')
  const none = { policies: [], bindings: [] }
  assert.deepEqual(read(), { validating: none, mutating: none })
})

const wrong: readonly [string, string[], RegExp][] = [
  ['text that is not YAML', ['a: ['], /^"a\.yaml" cannot be read: /],
  ['another kind', ['{ apiVersion: v1, kind: ConfigMap }'], /^"a\.yaml", document 1 is of v1, Kind=ConfigMap; allowed are /],
  ['what is not an object', ['- a'], /^"a\.yaml", document 1 is not an object$/],
  ['an unknown field', [policy('p', 'validatoins: []') + binding('p')], /unknown field "spec\.validatoins"/],
  [
    'a policy that the API would refuse',
    [policy('p', "variables: [{ name: 'a b', expression: '1' }]") + binding('p')],
    /name is not a valid CEL identifier/,
  ],
  [
    'an expression that does not compile',
    [policy('p', "variables: [{ name: a, expression: 'x' }]") + binding('p')],
    /undeclared reference to 'x'/,
  ],
  ['no name', [policy('""') + binding('p')], /metadata\.name/],
  ['one name twice', [policy('p') + binding('p'), policy('p')], /^ValidatingAdmissionPolicy "p" is in "a\.yaml" and in "b\.yaml"$/],
  ['a policy without a binding', [policy('p')], /"p" has no binding in the files, and would have no effect$/],
  ['a binding of a policy of the API', [binding('p', 'other')], /is for "other", which is in none of the files$/],
  [
    'parameters',
    [policy('p', 'paramKind: { apiVersion: v1, kind: ConfigMap }') + binding('p')],
    /has parameters, which their authors could change/,
  ],
  [
    'more objects than the limit',
    [Array.from({ length: 501 }, (_, index) => policy(`p${index}`) + binding(`p${index}`)).join('')],
    /1002 objects, the limit is 1000/,
  ],
]
for (const [what, texts, message] of wrong) {
  test(`readPolicyFiles() refuses ${what}`, () => {
    assert.throws(
      () => read(...texts),
      err => err instanceof PolicyFileError && message.test(err.message),
    )
  })
}

const mutating = `
apiVersion: admissionregistration.k8s.io/v1alpha1
kind: MutatingAdmissionPolicy
metadata: { name: m }
spec:
  matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods] }] }
  reinvocationPolicy: Never
  mutations: [{ patchType: ApplyConfiguration, applyConfiguration: { expression: 'Object{}' } }]
---
`
const mutatingBinding = `
apiVersion: admissionregistration.k8s.io/v1alpha1
kind: MutatingAdmissionPolicyBinding
metadata: { name: m }
spec: { policyName: m }
---
`

test('readPolicyFiles() reads mutating policies if they are enabled, and refuses them otherwise', () => {
  const both = files(policy('m') + binding('m'), mutating + mutatingBinding)
  const { validating, mutating: found } = readPolicyFiles(both, { mutates: true })
  assert.deepEqual(
    [validating, found].map(({ policies, bindings }) => [policies[0]?.kind, bindings[0]?.kind]),
    [
      ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
      ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
    ],
  )
  assert.throws(
    () => readPolicyFiles(both, { mutates: false }),
    /Kind=MutatingAdmissionPolicy; allowed are .*; the feature gate MutatingAdmissionPolicy is off$/,
  )
  const alone = files(mutating + binding('m') + policy('m'))
  assert.throws(() => readPolicyFiles(alone, { mutates: true }), /MutatingAdmissionPolicy "m" has no binding in the files/)
})
