import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DenyRule, DenyRuleSpec } from '../../api/types/bulkhead-v1alpha1.ts'
import type { PolicyRule } from '../../api/types/rbac-v1.ts'
import type { Attributes } from '../access.ts'
import { createDenyRules, maxDenyRulesCompared } from './deny-rules.ts'

const get: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['secrets'] }
const denyRule = (name: string, more: Partial<DenyRuleSpec>): DenyRule => ({
  metadata: { name },
  spec: { reason: 'because', subjects: [{ kind: 'Group', name: 'dev' }], rules: [get], ...more },
})
const asked = (more: Partial<Attributes> = {}): Attributes => ({
  ...{ user: { name: 'ann', groups: ['dev'] }, verb: 'get', isResource: true, group: '', version: 'v1', resource: 'secrets' },
  ...{ subresource: '', namespace: 'a', name: 's', path: '', ...more },
})

function following(...rules: DenyRule[]) {
  let emit: (name: string, rule: DenyRule | undefined) => void = () => undefined
  const denyRules = createDenyRules({
    isClusterScoped: (_group, resource) => resource === 'nodes',
    follow(listener) {
      emit = listener
      for (const rule of rules) listener(rule.metadata.name ?? '', rule)
    },
  })
  return { denyRules, emit: (name: string, rule: DenyRule | undefined) => emit(name, rule) }
}
const isDenied = (spec: Partial<DenyRuleSpec>, more: Partial<Attributes> = {}) =>
  following(denyRule('r', spec)).denyRules.authorize(asked(more)).decision === 'deny'

const named = { ...get, resourceNames: ['s'] }
const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }
const rows: readonly [what: string, spec: Partial<DenyRuleSpec>, asked: Partial<Attributes>, denied: boolean][] = [
  ['the request', {}, {}, true],
  ['another verb', {}, { verb: 'list' }, false],
  ['another group', {}, { group: 'apps' }, false],
  ['a subresource', {}, { subresource: 'status' }, false],
  ['a subresource by *', { rules: [everything] }, { subresource: 'status' }, true],
  ['every verb at once', {}, { verb: '*' }, true],
  ['every resource at once', {}, { resource: '*' }, true],
  ['every group at once', {}, { group: '*' }, true],
  ['the name', { rules: [named] }, {}, true],
  ['another name', { rules: [named] }, { name: 't' }, false],
  ['no name, which is each of them', { rules: [named] }, { name: '' }, true],
  ['the namespace', { namespaces: ['a'] }, {}, true],
  ['another namespace', { namespaces: ['b'] }, {}, false],
  ['all namespaces, of which it is one', { namespaces: ['b'] }, { namespace: '', name: '' }, true],
  ['a resource of the cluster, which is in none', { namespaces: ['b'], rules: [everything] }, { namespace: '', resource: 'nodes' }, false],
  ['a resource that nobody knows', { namespaces: ['b'], rules: [everything] }, { namespace: '', resource: 'widgets' }, true],
  ['another user', {}, { user: { name: 'dev', groups: [] } }, false],
  ['a user by name', { subjects: [{ kind: 'User', name: 'ann' }] }, {}, true],
  ['a group with the name of the user', { subjects: [{ kind: 'Group', name: 'ann' }] }, {}, false],
  [
    'a ServiceAccount',
    { subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'ci' }] },
    { user: { name: 'system:serviceaccount:ci:robot', groups: [] } },
    true,
  ],
  ['an excepted user', { exceptSubjects: [{ kind: 'User', name: 'ann' }] }, {}, false],
  ['an excepted group', { exceptSubjects: [{ kind: 'Group', name: 'ops' }] }, { user: { name: 'ann', groups: ['dev', 'ops'] } }, false],
  ['one of others who are excepted', { exceptSubjects: [{ kind: 'Group', name: 'ann' }] }, {}, true],
  ['a path', { rules: [{ verbs: ['*'], nonResourceURLs: ['/x/*'] }] }, { isResource: false, path: '/x/y' }, true],
  ['a path with a slash at its end', { rules: [{ verbs: ['*'], nonResourceURLs: ['/x'] }] }, { isResource: false, path: '/x/' }, true],
  ['another path', { rules: [{ verbs: ['*'], nonResourceURLs: ['/x/*'] }] }, { isResource: false, path: '/xy' }, false],
  ['a path, by resources', { rules: [everything] }, { isResource: false, path: '/x' }, false],
  [
    'a node, which is a part of the cluster',
    { rules: [everything] },
    { user: { name: 'system:node:n', groups: ['system:nodes', 'dev'] } },
    false,
  ],
]
for (const [what, spec, attributes, denied] of rows) {
  test(`createDenyRules() ${denied ? 'denies' : 'has no opinion about'} ${what}`, () => assert.equal(isDenied(spec, attributes), denied))
}

test('createDenyRules() names the rule and its reason', () => {
  const { denyRules } = following(denyRule('r', {}))
  assert.deepEqual(denyRules.authorize(asked()), { decision: 'deny', reason: 'denied by DenyRule "r": because' })
})

test('createDenyRules() follows changes, and reports each', () => {
  const { denyRules, emit } = following()
  let changes = 0
  const stop = denyRules.onChange(() => changes++)
  const decision = () => denyRules.authorize(asked()).decision
  assert.equal(decision(), 'no-opinion')
  emit('r', denyRule('r', {}))
  assert.equal(decision(), 'deny')
  emit('r', denyRule('r', { subjects: [{ kind: 'User', name: 'eve' }] }))
  assert.equal(decision(), 'no-opinion')
  emit('r', denyRule('r', {}))
  emit('q', denyRule('q', {}))
  emit('r', undefined)
  assert.match(denyRules.authorize(asked()).reason, /"q"/)
  emit('q', undefined)
  assert.equal(decision(), 'no-opinion')
  assert.equal(changes, 6)
  stop()
  emit('q', denyRule('q', {}))
  assert.equal(changes, 6)
})

test('createDenyRules() denies beyond the limit of a decision, and only those whom so many concern', () => {
  const others: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }
  const rules = Array.from({ length: maxDenyRulesCompared / 50 + 1 }, (_, at) =>
    denyRule(`r${at}`, { rules: Array.from({ length: 50 }, () => others) }),
  )
  const { denyRules } = following(...rules)
  assert.deepEqual(denyRules.authorize(asked()), {
    decision: 'deny',
    reason: `more than ${maxDenyRulesCompared} rules of DenyRules concern this user`,
  })
  assert.equal(denyRules.authorize(asked({ user: { name: 'eve', groups: [] } })).decision, 'no-opinion')
})
