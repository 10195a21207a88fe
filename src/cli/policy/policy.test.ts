import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { map, PolicyBench, policy } from './policy.testing.ts'
import { policyTest } from './policy.ts'
import type { CaseResult } from './run-tests.ts'
import { parsePolicyTest } from './test-file.ts'

const head = 'apiVersion: check.bulkhead.dev/v1alpha1\nkind: PolicyTest\npolicies: [policy.yaml]\ntests:\n'
const table = `${head}
- { name: a name, object: ${map('a', 1)}, expect: admitted }
- { name: no name, object: ${map('x', 1)}, expect: refused, by: ValidatingAdmissionPolicy, message: x is not a name }
- { name: growing, operation: UPDATE, oldObject: ${map('b', 1)}, object: ${map('b', 2)}, expect: admitted }
- { name: shrinking, operation: UPDATE, oldObject: ${map('c', 2)}, object: ${map('c', 1)}, expect: refused, message: must not shrink }
- { name: deleting, operation: DELETE, object: ${map('d', 1)}, user: ann, expect: refused, message: only a boss }
- { name: deleting as the boss, operation: DELETE, object: ${map('e', 1)}, user: boss, expect: admitted }
- { name: deleting as one of them, operation: DELETE, object: ${map('f', 1)}, user: bob, groups: [bosses], expect: admitted }
- name: Pod Security
  object: { apiVersion: v1, kind: Pod, metadata: { name: p }, spec: { containers: [{ name: c, image: i }] } }
  expect: refused
  by: PodSecurity
`

test('policyTest() runs creations, updates and deletions of different users against policies', async () => {
  using bench = new PolicyBench()
  bench.write('policy.yaml', policy('Deny'))
  const file = bench.write('test.yaml', table)
  const { code, json } = await bench.run<CaseResult[]>((print, signal) => policyTest({ output: 'json' }, [file], print, signal))
  assert.deepEqual(
    json.filter(({ problem }) => problem !== undefined),
    [],
  )
  assert.deepEqual([code, json.length], [0, 8])
})

test('policyTest() reports what is not as expected: without the policy, each refusal is missing', async () => {
  using bench = new PolicyBench()
  bench.write('policy.yaml', policy('Audit'))
  const file = bench.write('test.yaml', table)
  const { code, json } = await bench.run<CaseResult[]>((print, signal) => policyTest({ output: 'json' }, [file], print, signal))
  assert.equal(code, 1)
  assert.deepEqual(
    json.filter(({ problem }) => problem === 'admitted').map(({ name }) => name),
    ['no name', 'shrinking', 'deleting'],
  )
})

const surprises: readonly { readonly name: string; readonly row: string; readonly problem: RegExp }[] = [
  { name: 'a refusal', row: `object: ${map('x', 1)}, expect: admitted`, problem: /^refused: .*x is not a name/ },
  {
    name: 'another plug-in',
    row: `object: ${map('x', 1)}, expect: refused, by: PodSecurity`,
    problem: /^refused by ValidatingAdmissionPolicy: /,
  },
  {
    name: 'another message',
    row: `object: ${map('x', 1)}, expect: refused, message: y is not a name`,
    problem: /^refused with another message: /,
  },
  { name: 'no warning', row: `object: ${map('a', 1)}, expect: admitted, warning: w`, problem: /^no warning$/ },
  {
    name: 'an unknown kind',
    row: 'object: { apiVersion: example.com/v1, kind: Widget, metadata: { name: a } }, expect: admitted',
    problem: /nothing defines/,
  },
]
for (const { name, row, problem } of surprises) {
  test(`policyTest() finds ${name}`, async () => {
    using bench = new PolicyBench()
    bench.write('policy.yaml', policy('Deny'))
    const file = bench.write('test.yaml', `${head}- { ${row} }\n`)
    const { code, json } = await bench.run<CaseResult[]>((print, signal) => policyTest({ output: 'json' }, [file], print, signal))
    assert.equal(code, 1)
    assert.match(json[0]?.problem ?? '', problem)
  })
}

test('policyTest() reports warnings of a policy', async () => {
  using bench = new PolicyBench()
  bench.write('policy.yaml', policy('Warn'))
  const file = bench.write('test.yaml', `${head}- { object: ${map('x', 1)}, expect: admitted, warning: x is not a name }\n`)
  assert.equal((await bench.run((print, signal) => policyTest({ output: 'json' }, [file], print, signal))).code, 0)
})

test('policyTest() fails for a policy that the server refuses', async () => {
  using bench = new PolicyBench()
  bench.write('policy.yaml', policy('Deny').replace('int(oldObject', 'int(oldObject..'))
  const file = bench.write('test.yaml', table)
  await assert.rejects(
    bench.run((print, signal) => policyTest({}, [file], print, signal)),
    err => err instanceof UserError && /ValidatingAdmissionPolicy "sizes" of .* cannot be applied/.test(err.message),
  )
})

const wrong: readonly { readonly name: string; readonly text: string; readonly says: RegExp }[] = [
  { name: 'another kind', text: 'kind: Pod', says: /unknown field|must be a PolicyTest/ },
  { name: 'no test', text: head, says: /must be a list of tests/ },
  { name: 'an invalid expectation', text: `${head}- { object: {}, expect: denied }`, says: /tests\[0\]\.expect/ },
  { name: 'an unknown field', text: `${head}- { object: {}, expect: admitted, mesage: x }`, says: /unknown field "mesage"/ },
  { name: 'a message for an admitted request', text: `${head}- { object: {}, expect: admitted, message: x }`, says: /belong to a refusal/ },
  { name: 'an update without an old object', text: `${head}- { operation: UPDATE, object: {}, expect: admitted }`, says: /oldObject/ },
  { name: 'an old object for a create', text: `${head}- { object: {}, oldObject: {}, expect: admitted }`, says: /oldObject/ },
  { name: 'an invalid operation', text: `${head}- { operation: PATCH, object: {}, expect: admitted }`, says: /operation/ },
  { name: 'no object', text: `${head}- { expect: admitted }`, says: /object must be an object/ },
  { name: 'no YAML', text: 'a: [', says: /yaml/ },
]
for (const { name, text, says } of wrong) {
  test(`parsePolicyTest() refuses ${name}`, () => {
    assert.throws(
      () => parsePolicyTest(text, 't.yaml'),
      err => err instanceof UserError && says.test(err.message),
    )
  })
}

const mutating = `
apiVersion: admissionregistration.k8s.io/v1alpha1
kind: MutatingAdmissionPolicy
metadata: { name: owned }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps] }]
  reinvocationPolicy: Never
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration: { expression: 'Object{metadata: Object.metadata{annotations: {"owner": request.userInfo.username}}}' }
    - patchType: JSONPatch
      jsonPatch: { expression: 'has(object.data) && "secret" in object.data ? [JSONPatch{op: "remove", path: "/data/secret"}] : []' }
---
apiVersion: admissionregistration.k8s.io/v1alpha1
kind: MutatingAdmissionPolicyBinding
metadata: { name: owned }
spec: { policyName: owned }
`
const keeper = '{ apiVersion: v1, kind: ConfigMap, metadata: { name: a, namespace: team }, data: { kept: "1", secret: "2" } }'
const changes: readonly { readonly name: string; readonly row: string; readonly problem: RegExp | undefined }[] = [
  { name: 'a part of the object', row: 'mutated: { metadata: { annotations: { owner: ann } }, data: { kept: "1" } }', problem: undefined },
  {
    name: 'another value',
    row: 'mutated: { metadata: { annotations: { owner: bob } } }',
    problem: /^\/metadata\/annotations\/owner must be "bob", got "ann"$/,
  },
  { name: 'a missing member', row: 'mutated: { data: { more: "1" } }', problem: /^\/data\/more must be "1", got nothing$/ },
  {
    name: 'a patch',
    row: 'patch: [{ op: add, path: /metadata/annotations, value: { owner: ann } }, { op: remove, path: /data/secret }]',
    problem: undefined,
  },
  {
    name: 'a patch that removes what the policy keeps',
    row: 'patch: [{ op: remove, path: /data/kept }]',
    problem: /^\/data\/kept must be absent, got "1"$/,
  },
  {
    name: 'a patch of something else',
    row: 'patch: [{ op: remove, path: /data/none/x }]',
    problem: /^the patch of the table cannot be applied/,
  },
  { name: 'a member that must be absent', row: 'absent: [/data/secret, /metadata/labels]', problem: undefined },
  {
    name: 'a member that must be absent and is present',
    row: 'absent: [/metadata/annotations/owner]',
    problem: /^\/metadata\/annotations\/owner must be absent, got "ann"$/,
  },
]
for (const { name, row, problem } of changes) {
  test(`policyTest() compares the mutated object: ${name}`, async () => {
    using bench = new PolicyBench()
    bench.write('policy.yaml', mutating)
    const file = bench.write('test.yaml', `${head}- { object: ${keeper}, user: ann, expect: admitted, ${row} }\n`)
    const { json } = await bench.run<CaseResult[]>((print, signal) => policyTest({ output: 'json' }, [file], print, signal))
    if (problem === undefined) assert.equal(json[0]?.problem, undefined)
    else assert.match(json[0]?.problem ?? '', problem)
  })
}

const asking = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: asks }
spec:
  matchConstraints: { resourceRules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps] }] }
  validations:
    - expression: "authorizer.group('apps').resource('deployments').namespace('team').check('update').allowed()"
      message: may not update deployments
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: asks }
spec: { policyName: asks, validationActions: [Deny] }
`
const rights = `rights:
- { user: ann, rules: [{ apiGroups: [apps], resources: [deployments], verbs: [update] }] }
- { group: team, namespace: team, rules: [{ apiGroups: [apps], resources: [deployments], verbs: ["*"] }] }
- { user: eve, namespace: elsewhere, rules: [{ apiGroups: [apps], resources: [deployments], verbs: ["*"] }] }
`

test('policyTest() answers authorizer checks in expressions by the rights of the table, and authorizes the requests themselves', async () => {
  using bench = new PolicyBench()
  bench.write('policy.yaml', asking)
  const refused = 'expect: refused, by: ValidatingAdmissionPolicy, message: may not update deployments'
  const rows = [
    `- { name: a user, object: ${map('a', 1)}, user: ann, expect: admitted }`,
    `- { name: a group, object: ${map('b', 1)}, user: bob, groups: [team], expect: admitted }`,
    `- { name: nobody, object: ${map('c', 1)}, user: bob, ${refused} }`,
    `- { name: elsewhere, object: ${map('d', 1)}, user: eve, ${refused} }`,
  ].join('\n')
  const run = async (text: string) => {
    const { json } = await bench.run<CaseResult[]>((print, signal) =>
      policyTest({ output: 'json' }, [bench.write('test.yaml', text)], print, signal),
    )
    return json.map(({ name, problem }) => [name, problem])
  }
  const table = head.replace('tests:', `${rights}tests:`) + rows
  assert.deepEqual(
    await run(table),
    ['a user', 'a group', 'nobody', 'elsewhere'].map(name => [name, undefined]),
  )
  // Without rights in the table, each user has all rights.
  assert.deepEqual(
    (await run(head + rows)).map(([, problem]) => problem),
    [undefined, undefined, 'admitted', 'admitted'],
  )
})

test('policyTest() names an invalid right', async () => {
  using bench = new PolicyBench()
  bench.write('policy.yaml', asking)
  const wrong = `${head.replace('tests:', 'rights: [{ user: ann, rules: [{ verbs: [] }] }]\ntests:')}- { object: ${map('a', 1)}, expect: admitted }\n`
  const file = bench.write('test.yaml', wrong)
  await assert.rejects(
    () => policyTest({}, [file], () => undefined, new AbortController().signal),
    (err: Error) =>
      err instanceof UserError && /ClusterRole "policy-test:0" of ".*test\.yaml" cannot be applied: .*rules\[0\]\.verbs/.test(err.message),
  )
})

const badTables: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  [
    'rights without a user or group',
    `rights: [{ rules: [] }]\ntests: [{ object: ${keeper}, expect: admitted }]`,
    /rights\[0\] names a user or a group$/,
  ],
  [
    'rights with a user and a group',
    `rights: [{ user: a, group: b, rules: [] }]\ntests: [{ object: ${keeper}, expect: admitted }]`,
    /rights\[0\] names a user or a group$/,
  ],
  [
    'rights without rules',
    `rights: [{ user: a }]\ntests: [{ object: ${keeper}, expect: admitted }]`,
    /rights\[0\]\.rules must be a list of rules/,
  ],
  [
    'a refusal with an expected object',
    `tests: [{ object: ${keeper}, expect: refused, mutated: {} }]`,
    /belong to an object that is admitted$/,
  ],
  ['an invalid path', `tests: [{ object: ${keeper}, expect: admitted, absent: [data] }]`, /absent must be a list of paths/],
  ['an invalid patch', `tests: [{ object: ${keeper}, expect: admitted, patch: {} }]`, /patch must be a JSON patch$/],
]
for (const [name, text, problem] of badTables) {
  test(`parsePolicyTest() refuses ${name}`, () => {
    assert.throws(() => parsePolicyTest(`apiVersion: check.bulkhead.dev/v1alpha1\nkind: PolicyTest\n${text}`, 'f.yaml'), problem)
  })
}
