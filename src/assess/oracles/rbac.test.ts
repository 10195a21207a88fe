import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DenyRuleSpec } from '../../api/types/bulkhead-v1alpha1.ts'
import type { ClusterRole, PolicyRule, Subject } from '../../api/types/rbac-v1.ts'
import { isAllowed, type RbacObjects, type RbacQuestion, rbacAllows } from './rbac.ts'

const apiGroup = 'rbac.authorization.k8s.io'
const pods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }
const target = { group: '', resource: 'pods', subresource: '', namespace: 'n', name: 'a' }
const ann = { user: 'ann', groups: ['dev'], verb: 'get' }
const subject: Subject = { kind: 'User', apiGroup, name: 'ann' }

const bound = (rule: PolicyRule, subjects: Subject[] = [subject]): RbacObjects => ({
  roles: [{ metadata: { name: 'r', namespace: 'n' }, rules: [rule] }],
  clusterRoles: [],
  roleBindings: [{ metadata: { name: 'b', namespace: 'n' }, roleRef: { apiGroup, kind: 'Role', name: 'r' }, subjects }],
  clusterRoleBindings: [],
})
const everywhere = (clusterRoles: ClusterRole[], name: string): RbacObjects => ({
  roles: [],
  clusterRoles,
  roleBindings: [],
  clusterRoleBindings: [{ metadata: { name: 'b' }, roleRef: { apiGroup, kind: 'ClusterRole', name }, subjects: [subject] }],
})
const of = (rule: PolicyRule) => everywhere([{ metadata: { name: 'r' }, rules: [rule] }], 'r')
const url = (path: string): RbacQuestion => ({ ...ann, target: { url: path } })
const pod = (more: Partial<typeof target> = {}, verb = 'get'): RbacQuestion => ({ ...ann, verb, target: { ...target, ...more } })

const rows: readonly (readonly [string, RbacObjects, RbacQuestion, boolean])[] = [
  ['the granted request', bound(pods), pod(), true],
  ['another verb', bound(pods), pod({}, 'list'), false],
  ['another namespace', bound(pods), pod({ namespace: 'm' }), false],
  ['all namespaces', bound(pods), pod({ namespace: '' }), false],
  ['a subresource', bound(pods), pod({ subresource: 'log' }), false],
  ['a subresource by its own name', bound({ ...pods, resources: ['pods/log'] }), pod({ subresource: 'log' }), true],
  ['the parent of a subresource', bound({ ...pods, resources: ['pods/log'] }), pod(), false],
  ['a subresource of any resource', bound({ ...pods, resources: ['*/log'] }), pod({ subresource: 'log' }), true],
  ['the parent of a subresource of any', bound({ ...pods, resources: ['*/log'] }), pod(), false],
  ['everything with its subresources', bound({ ...pods, resources: ['*'] }), pod({ subresource: 'exec' }), true],
  ['another group', bound({ ...pods, apiGroups: ['apps'] }), pod(), false],
  ['a name', bound({ ...pods, resourceNames: ['a'] }), pod(), true],
  ['another name', bound({ ...pods, resourceNames: ['a'] }), pod({ name: 'b' }), false],
  ['no name', bound({ ...pods, resourceNames: ['a'] }), pod({ name: '' }), false],
  ['its group', bound(pods, [{ kind: 'Group', apiGroup, name: 'dev' }]), pod(), true],
  ['a group with the name of the user', bound(pods, [{ kind: 'Group', apiGroup, name: 'ann' }]), pod(), false],
  [
    'an account',
    bound(pods, [{ kind: 'ServiceAccount', name: 'ann', namespace: 'n' }]),
    { ...pod(), user: 'system:serviceaccount:n:ann' },
    true,
  ],
  [
    'an account elsewhere',
    bound(pods, [{ kind: 'ServiceAccount', name: 'ann', namespace: 'm' }]),
    { ...pod(), user: 'system:serviceaccount:n:ann' },
    false,
  ],
  ['a URL', of({ verbs: ['get'], nonResourceURLs: ['/a'] }), url('/a'), true],
  ['below a URL', of({ verbs: ['get'], nonResourceURLs: ['/a'] }), url('/a/b'), false],
  ['a beginning of URLs', of({ verbs: ['get'], nonResourceURLs: ['/a/*'] }), url('/a/b/c'), true],
  ['a star within a URL', of({ verbs: ['get'], nonResourceURLs: ['/*/b'] }), url('/a/b'), false],
  ['a URL by a RoleBinding', bound({ verbs: ['get'], nonResourceURLs: ['*'] }), url('/a'), false],
  ['a missing role', everywhere([], 'r'), pod(), false],
]
for (const [name, objects, question, allowed] of rows)
  test(`rbacAllows() ${allowed ? 'allows' : 'does not allow'} ${name}`, () => assert.equal(rbacAllows(objects, question), allowed))

test('rbacAllows() collects the rules of an aggregated ClusterRole, also through another one, and ignores its own', () => {
  const collect = (name: string, from: string, more: object = {}): ClusterRole => ({
    metadata: { name, ...more },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: from } }] },
    rules: [{ ...pods, verbs: ['delete'] }],
  })
  const leaf: ClusterRole = { metadata: { name: 'leaf', labels: { to: 'middle' } }, rules: [pods] }
  const objects = everywhere([collect('top', 'top'), collect('middle', 'middle', { labels: { to: 'top' } }), leaf], 'top')
  assert.equal(rbacAllows(objects, pod()), true)
  assert.equal(rbacAllows(objects, pod({}, 'delete')), false)
})

const denials: readonly [what: string, spec: Partial<DenyRuleSpec>, asked: Partial<typeof target>, allowed: boolean][] = [
  ['the request', {}, {}, false],
  ['another user', { subjects: [{ kind: 'User', apiGroup, name: 'eve' }] }, {}, true],
  ['an excepted group', { exceptSubjects: [{ kind: 'Group', apiGroup, name: 'dev' }] }, {}, true],
  ['another namespace', { namespaces: ['m'] }, {}, true],
  ['another name', { rules: [{ ...pods, resourceNames: ['b'] }] }, {}, true],
  ['a name, of a request without one', { rules: [{ ...pods, resourceNames: ['b'] }] }, { name: '' }, false],
]
for (const [what, spec, asked, allowed] of denials) {
  test(`isAllowed(): a DenyRule of ${what} ${allowed ? 'leaves' : 'takes'} it`, () => {
    const denyRule = { metadata: { name: 'd' }, spec: { reason: 'because', subjects: [subject], rules: [pods], ...spec } }
    const question = { ...ann, target: { ...target, ...asked } }
    assert.equal(isAllowed({ ...of(pods), denyRules: [denyRule] }, question), allowed)
    assert.equal(isAllowed({ ...of(pods), denyRules: [] }, question), true)
  })
}
