import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterRoleBinding, PolicyRule } from '../../types/rbac-v1.ts'
import { row, validateNew, validateUpdate } from '../core/new-object.fixture.ts'
import { clusterRole } from './cluster-role.ts'
import { clusterRoleBinding } from './cluster-role-binding.ts'
import { role } from './role.ts'
import { roleBinding } from './role-binding.ts'

const metadata = { name: 'reader' }
const readPods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }

const rules: { name: string; rule: PolicyRule; role: string[]; clusterRole: string[] }[] = [
  { name: 'a rule of resources', rule: readPods, role: [], clusterRole: [] },
  { name: 'no verbs', rule: { ...readPods, verbs: [] }, role: ['rules[0].verbs'], clusterRole: ['rules[0].verbs'] },
  { name: 'no group', rule: { ...readPods, apiGroups: [] }, role: ['rules[0].apiGroups'], clusterRole: ['rules[0].apiGroups'] },
  { name: 'a URL', rule: { verbs: ['get'], nonResourceURLs: ['/x'] }, role: ['rules[0].nonResourceURLs'], clusterRole: [] },
  {
    name: 'a URL with resources',
    rule: { ...readPods, nonResourceURLs: ['/x'] },
    role: ['rules[0].nonResourceURLs', 'rules[0].nonResourceURLs'],
    clusterRole: ['rules[0].nonResourceURLs'],
  },
]
for (const { name, rule, ...fields } of rules) {
  test(`role and clusterRole validate ${name}`, () => {
    assert.deepEqual(validateNew(role, { metadata, rules: [rule] }).fields, fields.role)
    assert.deepEqual(validateNew(clusterRole, { metadata, rules: [rule] }).fields, fields.clusterRole)
  })
}

test('clusterRole rejects an empty aggregation and an invalid selector', () => {
  assert.deepEqual(validateNew(clusterRole, { metadata, rules: null, aggregationRule: {} }).fields, [
    'aggregationRule.clusterRoleSelectors',
  ])
  const aggregationRule = { clusterRoleSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Near' }] }] }
  assert.deepEqual(validateNew(clusterRole, { metadata, rules: null, aggregationRule }).errors.length, 2)
})

const binding: ClusterRoleBinding = {
  metadata,
  roleRef: { apiGroup: '', kind: 'ClusterRole', name: 'view' },
  subjects: [
    { kind: 'User', name: 'ada' },
    { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' },
  ],
}

test('clusterRoleBinding defaults the API group of users and roles only', () => {
  const { object, errors } = validateNew(clusterRoleBinding, binding)
  assert.deepEqual(errors, [])
  assert.equal(object.roleRef.apiGroup, 'rbac.authorization.k8s.io')
  assert.deepEqual(
    object.subjects?.map(({ apiGroup }) => apiGroup),
    ['rbac.authorization.k8s.io', undefined],
  )
})

const refusals: { name: string; change: Partial<ClusterRoleBinding>; errors: string[] }[] = [
  {
    name: 'a Role',
    change: { roleRef: { apiGroup: '', kind: 'Role', name: 'view' } },
    errors: ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
  },
  {
    name: 'a role without a name',
    change: { roleRef: { apiGroup: '', kind: 'ClusterRole', name: '' } },
    errors: ['roleRef.name: Required value'],
  },
  {
    name: 'an account without a namespace',
    change: { subjects: [{ kind: 'ServiceAccount', name: 'bot' }] },
    errors: ['subjects[0].namespace: Required value'],
  },
  {
    name: 'an unknown kind of subject',
    change: { subjects: [{ kind: 'Robot', name: 'x' }] },
    errors: ['subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
  },
]
for (const { name, change, errors } of refusals) {
  test(`clusterRoleBinding rejects ${name}`, () => {
    assert.deepEqual(validateNew(clusterRoleBinding, { ...binding, ...change }).errors, errors)
  })
}

test('roleBinding may bind both kinds of role, and an account of its own namespace', () => {
  const subjects = [{ kind: 'ServiceAccount', name: 'bot' }]
  for (const kind of ['Role', 'ClusterRole']) {
    assert.deepEqual(validateNew(roleBinding, { metadata, subjects, roleRef: { apiGroup: '', kind, name: 'x' } }).errors, [])
  }
})

test('bindings keep their role', () => {
  const old = validateNew(clusterRoleBinding, binding).object
  const { fields } = validateUpdate(clusterRoleBinding, old, object => {
    object.roleRef = { ...object.roleRef, name: 'admin' }
  })
  assert.deepEqual(fields, ['roleRef'])
})

test('bindings print role and subjects by kind', () => {
  const cells = row(clusterRoleBinding, binding)
  assert.deepEqual([cells['Role'], cells['Users'], cells['Groups'], cells['ServiceAccounts']], ['ClusterRole/view', 'ada', '', 'ci/bot'])
})
