import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '../access.ts'
import { bootstrapPolicy } from '../bootstrap-policy/index.ts'
import type { PolicyRule, Subject } from '../rules/rbac-object.ts'
import { ruleAllows } from '../rules/rule-match.ts'
import { binding, clusterRole, get, source } from './rbac.fixture.ts'
import { createRbacAuthorizer } from './rbac.ts'
import { decide } from './rbac-decisions.fuzz.ts'

test('createRbacAuthorizer() words its reasons as upstream does', () => {
  const rbac = createRbacAuthorizer(
    source([
      clusterRole('reader', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]),
      binding('ClusterRoleBinding', '', 'readers', ['ClusterRole', 'reader'], [{ kind: 'Group', name: 'dev' }]),
      binding('RoleBinding', 'default', 'robots', ['ClusterRole', 'reader'], [{ kind: 'ServiceAccount', name: 'robot', namespace: 'ci' }]),
      binding('RoleBinding', 'default', 'ghost', ['Role', 'gone'], [{ kind: 'User', name: 'eve' }]),
      binding('RoleBinding', 'default', 'quoted', ['ClusterRole', 'reader'], [{ kind: 'User', name: 'a"b' }]),
    ]),
  )
  const said = (attributes: Attributes) => {
    const { decision, reason } = rbac.authorize(attributes)
    return { decision, reason }
  }
  assert.deepEqual(said(get('ann', ['dev'], {})), {
    decision: 'allow',
    reason: 'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to Group "dev"',
  })
  assert.deepEqual(said(get('system:serviceaccount:ci:robot', [], {})), {
    decision: 'allow',
    reason: 'RBAC: allowed by RoleBinding "robots/default" of ClusterRole "reader" to ServiceAccount "robot/ci"',
  })
  assert.deepEqual(said(get('system:serviceaccount:ci:robot', [], { namespace: 'other' })), {
    decision: 'no-opinion',
    reason: '',
  })
  assert.deepEqual(said(get('a"b', [], {})), {
    decision: 'allow',
    reason: String.raw`RBAC: allowed by RoleBinding "quoted/default" of ClusterRole "reader" to User "a\"b"`,
  })
  assert.deepEqual(said(get('eve', [], {})), {
    decision: 'no-opinion',
    reason: 'RBAC: role.rbac.authorization.k8s.io "gone" not found',
  })
})

test('createRbacAuthorizer() follows every change of roles and bindings', () => {
  const stored = source([])
  const rbac = createRbacAuthorizer(stored)
  const request = get('ann', [], {})
  const decision = () => rbac.authorize(request).decision
  const role = clusterRole('reader', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }])
  const bound = binding('RoleBinding', 'default', 'b', ['ClusterRole', 'reader'], [{ kind: 'User', name: 'ann' }])
  stored.emit({ ...bound, deleted: false })
  assert.equal(decision(), 'no-opinion')
  stored.emit({ ...role, deleted: false })
  assert.equal(decision(), 'allow')
  stored.emit({ ...clusterRole('reader', [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }]), deleted: false })
  assert.equal(decision(), 'no-opinion')
  stored.emit({ ...role, deleted: false })
  stored.emit({ ...binding('RoleBinding', 'default', 'b', ['ClusterRole', 'reader'], [{ kind: 'User', name: 'bob' }]), deleted: false })
  assert.equal(decision(), 'no-opinion')
  stored.emit({ ...bound, deleted: false })
  assert.equal(decision(), 'allow')
  stored.emit({ ...bound, deleted: true })
  assert.equal(decision(), 'no-opinion')
})

const tables: { name: string; rule: PolicyRule; request: Partial<Attributes>; allowed: boolean }[] = [
  {
    name: 'a resource does not give its subresource',
    rule: { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
    request: { subresource: 'log' },
    allowed: false,
  },
  {
    name: 'pods/log gives only log',
    rule: { verbs: ['get'], apiGroups: [''], resources: ['pods/log'] },
    request: { subresource: 'log' },
    allowed: true,
  },
  {
    name: '*/scale gives scale of anything',
    rule: { verbs: ['get'], apiGroups: ['*'], resources: ['*/scale'] },
    request: { group: 'apps', resource: 'deployments', subresource: 'scale' },
    allowed: true,
  },
  {
    name: '*/scale does not give the parent',
    rule: { verbs: ['get'], apiGroups: ['*'], resources: ['*/scale'] },
    request: {},
    allowed: false,
  },
  {
    name: '* gives subresources',
    rule: { verbs: ['get'], apiGroups: [''], resources: ['*'] },
    request: { subresource: 'exec' },
    allowed: true,
  },
  {
    name: 'resourceNames exclude other names',
    rule: { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['db'] },
    request: {},
    allowed: false,
  },
  {
    name: 'resourceNames exclude a list without a name',
    rule: { verbs: ['list'], apiGroups: [''], resources: ['pods'], resourceNames: ['db'] },
    request: { verb: 'list', name: '' },
    allowed: false,
  },
  { name: 'another group is not allowed', rule: { verbs: ['get'], apiGroups: ['apps'], resources: ['pods'] }, request: {}, allowed: false },
  {
    name: 'a path with trailing *',
    rule: { verbs: ['get'], nonResourceURLs: ['/healthz/*'] },
    request: { isResource: false, path: '/healthz/etcd' },
    allowed: true,
  },
  {
    name: 'a path is not a beginning',
    rule: { verbs: ['get'], nonResourceURLs: ['/healthz'] },
    request: { isResource: false, path: '/healthz/etcd' },
    allowed: false,
  },
]

for (const { name, rule, request, allowed } of tables) {
  test(`authorize(): ${name}`, () => {
    const rbac = createRbacAuthorizer(
      source([clusterRole('r', [rule]), binding('ClusterRoleBinding', '', 'b', ['ClusterRole', 'r'], [{ kind: 'User', name: 'ann' }])]),
    )
    assert.equal(rbac.authorize(get('ann', [], request)).decision, allowed ? 'allow' : 'no-opinion')
    assert.equal(ruleAllows(rule, get('ann', [], request)), allowed)
  })
}

test('createRbacAuthorizer() agrees with an independent evaluation in 100,000 random decisions', () => {
  let allowed = 0
  for (let seed = 0; seed < 1000; seed++) allowed += decide(Buffer.from(`rbac ${seed}`))
  assert.ok(allowed > 10_000 && allowed < 90_000, `both outcomes occur: ${allowed} of 100000 allowed`)
})

test('rolesFor() gives cluster-wide roles and those of the namespace', () => {
  const rbac = createRbacAuthorizer(source(bootstrapPolicy))
  const { roles, missing } = rbac.rolesFor({ name: 'ann', groups: ['system:authenticated'] }, 'default')
  assert.deepEqual(missing, { listed: [], more: 0 })
  assert.ok(roles.some(({ rules }) => rules.some(rule => rule.resources?.includes('selfsubjectaccessreviews'))))
})

test('a binding with several subjects for one user counts once, by its first subject', () => {
  const reader = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }
  const subjects: Subject[] = [
    { kind: 'Group', name: 'dev' },
    { kind: 'User', name: 'ann' },
    { kind: 'User', name: 'bob' },
    { kind: 'ServiceAccount', name: 'robot', namespace: 'ci' },
    { kind: 'User', name: 'system:serviceaccount:ci:robot' },
    { kind: 'User', name: 'ann' },
  ]
  const rbac = createRbacAuthorizer(
    source([clusterRole('reader', [reader]), binding('ClusterRoleBinding', '', 'readers', ['ClusterRole', 'reader'], subjects)]),
  )
  const grantee = (name: string, groups: string[]) => rbac.authorize(get(name, groups, {})).reason.replace(/.* to /, '')
  assert.equal(grantee('ann', ['ops', 'dev', 'dev']), 'Group "dev"')
  assert.equal(grantee('ann', []), 'User "ann"')
  assert.equal(grantee('bob', []), 'User "bob"')
  assert.equal(grantee('system:serviceaccount:ci:robot', []), 'ServiceAccount "robot/ci"')
  assert.deepEqual(
    rbac.rolesFor({ name: 'ann', groups: ['dev', 'dev'] }, '').roles.map(({ rules }) => rules),
    [[reader]],
  )
  assert.equal([...rbac.bindingsFor({ name: 'ann', groups: ['dev'] }, '')].length, 1)
})

test('createRbacAuthorizer() holds the name of a role once, however many subjects a binding has', () => {
  const subjects = Array.from({ length: 1000 }, (_, index): Subject => ({ kind: 'User', name: `u${index}` }))
  // One that has to be written anew to be quoted.
  const name = `"${'r'.repeat(100_000)}`
  const before = process.memoryUsage().heapUsed
  const rbac = createRbacAuthorizer(source([binding('RoleBinding', 'default', 'b', ['Role', name], subjects)]))
  assert.ok(process.memoryUsage().heapUsed - before < 2 ** 25)
  assert.match(rbac.authorize(get('u1', [], {})).reason, /^RBAC: role\.rbac\.authorization\.k8s\.io "\\"r{252}…" not found$/)
})

test('hasGrants() counts bindings for the cluster and of the namespace, and for groups none that begin with "system:"', () => {
  const names = [['system:a'], ['system:a', 'a'], ['system:a', 'z'], ['system;'], ['system']]
  const groupOf = (index: number) => `g${index}`
  const everywhere = names.flatMap((bindings, index) =>
    ['', 'n'].flatMap(namespace =>
      bindings.map(name =>
        binding(
          namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding',
          namespace,
          `${name}${index}`,
          ['ClusterRole', 'r'],
          [{ kind: 'Group', name: `${groupOf(index)}${namespace}` }],
        ),
      ),
    ),
  )
  const own = binding('RoleBinding', 'n', 'system:own', ['ClusterRole', 'r'], [{ kind: 'User', name: 'ann' }])
  const { hasGrants } = createRbacAuthorizer(source([...everywhere, own]))
  const of = (group: string, namespace: string) => hasGrants({ name: '', groups: [group] }, namespace)
  const has = (suffix: string, namespace: string) => names.map((_, index) => of(`${groupOf(index)}${suffix}`, namespace))
  const granted = [false, true, true, true, true]
  assert.deepEqual(has('', 'n'), granted)
  assert.deepEqual(has('', 'other'), granted)
  assert.deepEqual(has('n', 'n'), granted)
  assert.deepEqual(new Set(has('n', 'other')), new Set([false]))
  assert.deepEqual(
    ['n', 'other'].map(namespace => hasGrants({ name: 'ann', groups: [] }, namespace)),
    [true, false],
  )
})
