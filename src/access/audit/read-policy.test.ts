import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { maxAuditRules, readAuditPolicy } from './read-policy.ts'

const read = (rest: string) => readAuditPolicy(`apiVersion: audit.k8s.io/v1\nkind: Policy\n${rest}`, 'policy.yaml')

test('readAuditPolicy() reads rules with everything that they may have', () => {
  const policy = read(`
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  nonResourceURLs: [/livez*, '*']
- level: Request
  users: [ann]
  userGroups: [dev]
  verbs: [create]
  namespaces: [team, '']
  resources: [{ group: apps, resources: [deployments, deployments/scale], resourceNames: [web] }, {}]
  omitStages: [ResponseStarted]
  omitManagedFields: false
- level: Metadata
`)
  assert.deepEqual([policy.omitStages, policy.omitManagedFields, policy.rules.length], [['RequestReceived'], true, 3])
  assert.deepEqual(policy.rules[1]?.resources, [
    { group: 'apps', resources: ['deployments', 'deployments/scale'], resourceNames: ['web'] },
    { group: '', resources: [], resourceNames: [] },
  ])
  assert.deepEqual(policy.rules[1]?.omitManagedFields, false)
})

const wrong: readonly [name: string, text: string, problem: RegExp][] = [
  ['no rules', 'rules: []', /: loaded illegal policy with 0 rules$/],
  ['a rule without a level', 'rules: [{ users: [a] }]', /: rules\[0\]\.level: Required value$/],
  [
    'another level',
    'rules: [{ level: All }]',
    /rules\[0\]\.level: Unsupported value: "All": supported values: "Metadata", "None", "Request", "RequestResponse"$/,
  ],
  ['another stage', 'rules: [{ level: None, omitStages: [Later] }]', /rules\[0\]\.omitStages\[0\]: Unsupported value: "Later"/],
  ['a field that is not known', 'rules: [{ level: None, user: [a] }]', /: rules\[0\]: unknown field "user"$/],
  ['a field twice', 'rules: [{ level: None }]\nrules: []', /rules/],
  [
    'paths and resources',
    'rules: [{ level: None, nonResourceURLs: [/x], namespaces: [a] }]',
    /rules cannot apply to both regular resources and non-resource URLs$/,
  ],
  ['a path without a slash', 'rules: [{ level: None, nonResourceURLs: [x] }]', /non-resource URL rules must begin with a '\/' character$/],
  ['a wildcard within a path', 'rules: [{ level: None, nonResourceURLs: [/x*/y] }]', /wildcards '\*' must be the final character/],
  [
    'names without resources',
    'rules: [{ level: None, resources: [{ resourceNames: [a] }] }]',
    /using resourceNames requires at least one resource$/,
  ],
  [
    'an invalid group',
    'rules: [{ level: None, resources: [{ group: a/v1 }] }]',
    /rules\[0\]\.resources\[0\]\.group: Invalid value: "a\/v1"/,
  ],
  ['too many rules', `rules: [${'{ level: None },'.repeat(maxAuditRules + 1)}]`, /1001 rules, at most 1000 are read$/],
]
for (const [name, text, problem] of wrong) {
  test(`readAuditPolicy() refuses ${name}`, () => {
    assert.throws(
      () => read(text),
      (err: Error) =>
        err instanceof UserError && err.message.startsWith('Cannot use the audit policy "policy.yaml"') && problem.test(err.message),
    )
  })
}

test('readAuditPolicy() rejects an invalid policy', () => {
  for (const text of ['a: [', '- a', 'apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{ level: None }]']) {
    assert.throws(() => readAuditPolicy(text, 'f'), UserError)
  }
})
