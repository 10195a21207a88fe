import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Attributes } from '../access.ts'
import { bootstrapPolicy } from '../bootstrap-policy/index.ts'
import type { PolicyRule, RbacObject, RoleBinding, Subject } from '../rules/rbac-object.ts'
import { ruleAllows } from '../rules/rule-match.ts'
import { binding, clusterRole, get, source } from './rbac.fixture.ts'
import { createRbacAuthorizer } from './rbac.ts'

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

test('createRbacAuthorizer() agrees with the naive evaluation in 100,000 random decisions', () => {
  const some = (values: string[]) => fc.subarray(values, { minLength: 1 })
  const rule = fc.oneof(
    fc.record({
      verbs: some(['get', 'list', 'create', '*']),
      apiGroups: some(['', 'apps', '*']),
      resources: some(['pods', 'pods/log', 'deployments', '*/scale', '*']),
      resourceNames: fc.option(some(['a', 'b']), { nil: undefined }),
    }),
    fc.record({ verbs: some(['get', '*']), nonResourceURLs: some(['/api', '/api/*', '/metrics', '*']) }),
  )
  // Wildcards would allow nearly everything, so that most rules go without them.
  const narrow = fc.record({
    verbs: some(['get', 'list', 'create']),
    apiGroups: some(['', 'apps']),
    resources: some(['pods', 'pods/log', 'deployments', '*/scale']),
    resourceNames: fc.option(some(['a', 'b']), { nil: undefined }),
  })
  const rules = fc.array(fc.oneof({ weight: 4, arbitrary: narrow }, { weight: 1, arbitrary: rule }), {
    minLength: 1,
    maxLength: 4,
    size: 'max',
  })
  const subject = fc.constantFrom<Subject>(
    { kind: 'User', name: 'ann' },
    { kind: 'User', name: 'bob' },
    { kind: 'Group', name: 'dev' },
    { kind: 'ServiceAccount', name: 'robot', namespace: 'n1' },
    { kind: 'ServiceAccount', name: 'robot' },
  )
  const world = fc.record({
    cluster: fc.array(rules, { minLength: 2, maxLength: 2 }),
    local: fc.array(rules, { minLength: 2, maxLength: 2 }),
    bindings: fc.array(
      fc.record({
        scope: fc.constantFrom('', 'n1', 'n2'),
        role: fc.constantFrom('Role/0', 'ClusterRole/0', 'ClusterRole/1', 'ClusterRole/9'),
        subjects: fc.array(subject, { minLength: 1, maxLength: 3, size: 'max' }),
      }),
      { minLength: 3, maxLength: 6, size: 'max' },
    ),
    requests: fc.array(
      fc.record({
        user: fc.constantFrom('ann', 'bob', 'system:serviceaccount:n1:robot', 'system:serviceaccount:n2:robot'),
        groups: fc.subarray(['dev', 'ops']),
        verb: fc.constantFrom('get', 'list', 'create', 'delete'),
        isResource: fc.boolean(),
        group: fc.constantFrom('', 'apps'),
        resource: fc.constantFrom('pods', 'deployments'),
        subresource: fc.constantFrom('', 'log', 'scale'),
        namespace: fc.constantFrom('', 'n1', 'n2'),
        name: fc.constantFrom('', 'a', 'c'),
        path: fc.constantFrom('/api', '/api/v1', '/metrics'),
      }),
      { minLength: 100, maxLength: 100 },
    ),
  })
  let decisions = 0
  let allowed = 0
  fc.assert(
    fc.property(world, ({ cluster, local, bindings, requests }) => {
      const objects: RbacObject[] = cluster.map((list, i) => clusterRole(String(i), list))
      for (const [i, list] of local.entries())
        objects.push({ kind: 'Role', object: { metadata: { name: '0', namespace: `n${i + 1}` }, rules: list } })
      for (const [i, { scope, role, subjects }] of bindings.entries()) {
        const [kind = '', name = ''] = role.split('/')
        objects.push(binding(scope === '' ? 'ClusterRoleBinding' : 'RoleBinding', scope, `b${i}`, [kind, name], subjects))
      }
      // Half of the objects come as changes, so that the incremental index is what is judged.
      const stored = source(objects.filter((_, i) => i % 2 === 0))
      const rbac = createRbacAuthorizer(stored)
      for (const [i, object] of objects.entries()) if (i % 2 === 1) stored.emit({ ...object, deleted: false })
      for (const { user, groups, ...rest } of requests) {
        const attributes = get(user, groups, rest)
        const wanted = naive(objects, attributes)
        decisions++
        if (wanted) allowed++
        if ((rbac.authorize(attributes).decision === 'allow') !== wanted) return false
      }
      return true
    }),
    { numRuns: 1000 },
  )
  assert.equal(decisions, 100_000)
  assert.ok(allowed > 2_000 && allowed < 98_000, `both outcomes occur: ${allowed} of ${decisions} allowed`)
})

function naive(objects: readonly RbacObject[], attributes: Attributes): boolean {
  for (const { kind, object } of objects) {
    if (kind !== 'RoleBinding' && kind !== 'ClusterRoleBinding') continue
    const bound: RoleBinding = object
    const scope = kind === 'RoleBinding' ? (bound.metadata.namespace ?? '') : ''
    if (scope !== '' && !(attributes.isResource && attributes.namespace === scope)) continue
    if (kind === 'ClusterRoleBinding' && bound.roleRef.kind !== 'ClusterRole') continue
    const isSubject = (bound.subjects ?? []).some(subject => {
      if (subject.kind === 'Group') return attributes.user.groups.includes(subject.name)
      if (subject.kind === 'User') return attributes.user.name === subject.name
      return attributes.user.name === `system:serviceaccount:${subject.namespace ?? scope}:${subject.name}`
    })
    if (!isSubject) continue
    for (const candidate of objects) {
      if (candidate.kind !== bound.roleRef.kind || candidate.object.metadata.name !== bound.roleRef.name) continue
      if (candidate.kind === 'Role' && candidate.object.metadata.namespace !== scope) continue
      if (candidate.kind !== 'Role' && candidate.kind !== 'ClusterRole') continue
      if ((candidate.object.rules ?? []).some(rule => ruleAllows(rule, attributes))) return true
    }
  }
  return false
}

test('rolesFor() gives cluster-wide roles and those of the namespace', () => {
  const rbac = createRbacAuthorizer(source(bootstrapPolicy))
  const { roles, missing } = rbac.rolesFor({ name: 'ann', groups: ['system:authenticated'] }, 'default')
  assert.deepEqual(missing, { listed: [], more: 0 })
  assert.ok(roles.some(({ rules }) => rules.some(rule => rule.resources?.includes('selfsubjectaccessreviews'))))
})

test('a binding with several subjects that are one user counts once, and the first of them is told', () => {
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
  const told = (name: string, groups: string[]) => rbac.authorize(get(name, groups, {})).reason.replace(/.* to /, '')
  assert.equal(told('ann', ['ops', 'dev', 'dev']), 'Group "dev"')
  assert.equal(told('ann', []), 'User "ann"')
  assert.equal(told('bob', []), 'User "bob"')
  assert.equal(told('system:serviceaccount:ci:robot', []), 'ServiceAccount "robot/ci"')
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
