import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { createAuthorization } from '../authorize.ts'
import { createRbacAuthorizer } from '../authorizers/rbac.ts'
import { upstreamClusterRoles } from '../bootstrap-policy/index.ts'
import { type CompiledDenyRule, compileDenyRule } from '../rules/deny-rule.ts'
import type { PolicyRule, RbacObject } from '../rules/rbac-object.ts'
import { checkRbacEscalation, type RbacWrite } from './rbac-escalation.ts'

const rbacGroup = 'rbac.authorization.k8s.io'
const grant = (user: string, rules: PolicyRule[]): RbacObject[] => [
  { kind: 'ClusterRole', object: { metadata: { name: `r-${user}` }, rules } },
  {
    kind: 'ClusterRoleBinding',
    object: {
      metadata: { name: user },
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: `r-${user}` },
      subjects: [{ kind: 'User', name: user }],
    },
  },
]
const readPods: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }
const objects: RbacObject[] = [
  ...upstreamClusterRoles.map(object => ({ kind: 'ClusterRole', object }) as const),
  ...grant('ann', [readPods]),
  ...grant('binder', [{ verbs: ['bind'], apiGroups: [rbacGroup], resources: ['clusterroles'], resourceNames: ['view'] }]),
  ...grant('escalator', [{ verbs: ['escalate'], apiGroups: [rbacGroup], resources: ['roles', 'clusterroles'] }]),
  ...grant('keeper', [readPods, { verbs: ['get'], apiGroups: [''], resources: ['*'] }]),
  ...grant('root', [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ]),
]
const rbac = createRbacAuthorizer({ list: () => objects, onChange: () => undefined })
const denyRules = { concerning: (): CompiledDenyRule[] => [] }
const context = { authorization: createAuthorization([rbac]), rbac, denyRules }
const strict = { ...context, aggregatingRoles: () => upstreamClusterRoles.filter(role => role.aggregationRule !== undefined) }

function write(user: string, plural: string, object: KubeObject, rest: Partial<RbacWrite> = {}): RbacWrite {
  return {
    operation: 'CREATE',
    resource: { group: rbacGroup, plural },
    subresource: '',
    namespace: plural.startsWith('cluster') ? '' : 'default',
    name: object.metadata.name ?? '',
    object,
    oldObject: undefined,
    user: { name: user, groups: ['dev', 'system:authenticated'] },
    ...rest,
  }
}
const clusterRole = (rules: PolicyRule[], labels: Record<string, string> = {}, extra: object = {}): KubeObject => ({
  metadata: { name: 'x', labels },
  ...{ rules },
  ...extra,
})
const bindingTo = (name: string, kind = 'ClusterRole'): KubeObject => ({
  metadata: { name: 'b' },
  ...{ roleRef: { apiGroup: rbacGroup, kind, name }, subjects: [] },
})

test("checkRbacEscalation() reports missing rights in upstream's words", async () => {
  const error = await checkRbacEscalation(
    write('ann', 'clusterroles', clusterRole([{ ...readPods, verbs: ['get', 'delete', 'create'], resources: ['secrets', 'pods'] }])),
    context,
  )
  assert.equal(
    error?.status.message,
    'clusterroles.rbac.authorization.k8s.io "x" is forbidden: user "ann" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete" "create"]}',
  )
  assert.equal(error?.status.code, 403)
})

test('checkRbacEscalation() repeats a duplicate verb, and names missing roles by the resource of the request', async () => {
  const bound = (name: string, kind: string, role: string): RbacObject => ({
    kind: 'RoleBinding',
    object: {
      metadata: { name, namespace: 'default' },
      roleRef: { apiGroup: rbacGroup, kind, name: role },
      subjects: [{ kind: 'User', name: 'eve' }],
    },
  })
  const refusal = async (...bindings: RbacObject[]) => {
    const missing = createRbacAuthorizer({ list: () => bindings, onChange: () => undefined })
    const asked = write('eve', 'roles', clusterRole([{ ...readPods, verbs: ['get', 'get'], resources: ['pods', 'pods'] }]))
    const error = await checkRbacEscalation(asked, { authorization: createAuthorization([missing]), rbac: missing, denyRules })
    return error?.message.split('\n')[1]
  }
  const rule = '{APIGroups:[""], Resources:["pods"], Verbs:["get" "get" "get" "get"]}'
  const gone = (name: string) => `roles.rbac.authorization.k8s.io "${name}" not found`
  assert.equal(await refusal(), rule)
  assert.equal(await refusal(bound('a', 'Role', 'x'), bound('b', 'ClusterRole', 'x')), `${rule}; resolution errors: [${gone('x')}]`)
  const both = `${rule}; resolution errors: [[${gone('x')}, ${gone('y')}]]`
  assert.equal(await refusal(bound('a', 'Role', 'x'), bound('b', 'ClusterRole', 'y')), both)
})

test('checkRbacEscalation() lists no rights that would fill the memory', async () => {
  const groups = Array.from({ length: 1000 }, (_, index) => `g${index}`)
  const rule = (length: number): PolicyRule => ({ verbs: ['get'], apiGroups: groups, resources: ['x'.repeat(length)] })
  const refusal = async (length: number) =>
    (await checkRbacEscalation(write('ann', 'roles', clusterRole([rule(length)])), context))?.status.message ?? ''
  for (const length of [100, 5000]) {
    const text = await refusal(length)
    assert.match(text, /attempting to grant/)
    assert.match(text, /\n… of 1000 single rights, which are too many or too long to be listed$/)
    assert.ok(text.length < 20_000, `${text.length} characters`)
  }
})

test('checkRbacEscalation() scans no long list for each right', async () => {
  let searches = 0
  class Counted extends Array<string> {
    override includes(...of: [text: string, from?: number]): boolean {
      searches += 1
      return super.includes(...of)
    }
  }
  const many = (name: string, count: number) => Counted.from({ length: count }, (_, index) => `${name}${index}`)
  const long: PolicyRule = { verbs: many('verb', 16_000), apiGroups: many('group', 16_000), resources: many('resource', 16_000) }
  const refusal = async (held: PolicyRule, rule: PolicyRule) => {
    const rbac = createRbacAuthorizer({ list: () => grant('ann', [held]), onChange: () => undefined })
    const own = { authorization: createAuthorization([rbac]), rbac, denyRules }
    return (await checkRbacEscalation(write('ann', 'clusterroles', clusterRole([rule])), own))?.message ?? ''
  }
  assert.equal(
    await refusal(long, { verbs: ['verb15999'], apiGroups: many('group', 16_000), resources: ['resource15998', 'resource15999'] }),
    '',
  )
  assert.match(await refusal(long, { verbs: ['verb15999'], apiGroups: many('group', 16_000), resources: ['other'] }), /not currently held/)
  // Those of the compiled role, and none for each of the rights.
  assert.ok(searches < 100, `${searches} searches`)
  const paths = (name: string, count: number, end = ''): PolicyRule => ({
    verbs: ['get'],
    nonResourceURLs: many(name, count).map(path => path + end),
  })
  assert.match(await refusal(paths('/a', 2000), paths('/b', 20_000)), /not currently held/)
  assert.match(await refusal(paths('/a', 2000, '*'), paths('/b', 20_000)), /too many to be compared/)
})

const aggregateToView = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' }
const everyone = { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } }
const cases: { name: string; request: RbacWrite; refused: RegExp | undefined; context?: typeof strict | typeof context }[] = [
  {
    name: 'own rights may be granted',
    request: write('ann', 'clusterroles', clusterRole([{ ...readPods, verbs: ['get'] }])),
    refused: undefined,
  },
  { name: 'escalate allows wider roles', request: write('escalator', 'clusterroles', clusterRole([readPods])), refused: undefined },
  {
    name: 'a wildcard needs a wildcard',
    request: write('ann', 'roles', clusterRole([{ ...readPods, verbs: ['*'] }])),
    refused: /Verbs:\["\*"\]/,
  },
  {
    name: 'cluster-admin may not be bound',
    request: write('ann', 'clusterrolebindings', bindingTo('cluster-admin')),
    refused: /attempting to grant/,
  },
  { name: 'bind allows the named role', request: write('binder', 'rolebindings', bindingTo('view')), refused: undefined },
  { name: 'bind does not allow another role', request: write('binder', 'rolebindings', bindingTo('edit')), refused: /attempting to grant/ },
  {
    name: 'a missing role cannot be checked',
    request: write('ann', 'rolebindings', bindingTo('nope')),
    refused: /^rolebindings.rbac.authorization.k8s.io "nope" not found/,
  },
  {
    name: 'an aggregationRule needs everything',
    request: write('ann', 'clusterroles', clusterRole([], {}, everyone)),
    refused: /must have cluster-admin privileges to use the aggregationRule/,
  },
  { name: 'who holds everything may aggregate', request: write('root', 'clusterroles', clusterRole([], {}, everyone)), refused: undefined },
  {
    name: 'an aggregate label on own rights is free upstream',
    request: write('ann', 'clusterroles', clusterRole([readPods], aggregateToView)),
    refused: undefined,
  },
  {
    name: 'an aggregate label is refused where labels are checked',
    request: write('ann', 'clusterroles', clusterRole([readPods], aggregateToView)),
    refused: /add its rules to ClusterRole "view"/,
    context: strict,
  },
  {
    name: 'a member of system:masters is free',
    request: write('m', 'clusterroles', clusterRole([{ ...readPods, verbs: ['*'] }]), { user: { name: 'm', groups: ['system:masters'] } }),
    refused: undefined,
  },
  {
    name: 'create on update is checked as a create',
    request: write('ann', 'roles', clusterRole([{ ...readPods, verbs: ['*'] }]), { operation: 'CREATE' }),
    refused: /attempting/,
  },
  {
    name: 'finalizers may always go',
    request: write(
      'ann',
      'clusterroles',
      { ...clusterRole([{ ...readPods, verbs: ['*'] }]) },
      {
        operation: 'UPDATE',
        oldObject: { ...clusterRole([{ ...readPods, verbs: ['*'] }]), metadata: { name: 'x', labels: {}, finalizers: ['a/b'] } },
      },
    ),
    refused: undefined,
  },
]

for (const { name, request, refused, context: chosen = context } of cases) {
  test(`checkRbacEscalation(): ${name}`, async () => {
    const error = await checkRbacEscalation(request, chosen)
    if (refused === undefined) assert.equal(error, undefined)
    else assert.match(error?.status.message ?? '', refused)
  })
}

const denied = (namespaces?: string[]) =>
  compileDenyRule({
    metadata: { name: 'no-secrets' },
    spec: {
      ...{ reason: 'by hand only', subjects: [{ kind: 'Group', name: 'dev' }], ...(namespaces === undefined ? {} : { namespaces }) },
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }],
    },
  })
const denials: readonly { name: string; write: RbacWrite; namespaces?: string[]; refused: boolean }[] = [
  {
    name: 'a role with it',
    write: write('keeper', 'roles', clusterRole([{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }])),
    refused: true,
  },
  {
    name: 'a role with every resource',
    write: write('keeper', 'roles', clusterRole([{ verbs: ['get'], apiGroups: [''], resources: ['*'] }])),
    refused: true,
  },
  { name: 'a binding of a role with it', write: write('keeper', 'rolebindings', bindingTo('r-keeper')), refused: true },
  { name: 'a role without it', write: write('keeper', 'roles', clusterRole([readPods])), refused: false },
  {
    name: 'a role with it elsewhere',
    write: write('keeper', 'rolebindings', bindingTo('r-keeper')),
    namespaces: ['other'],
    refused: false,
  },
  { name: 'a role with it here', write: write('keeper', 'rolebindings', bindingTo('r-keeper')), namespaces: ['default'], refused: true },
  {
    name: 'a role with it everywhere',
    write: write('keeper', 'clusterrolebindings', bindingTo('r-keeper')),
    namespaces: ['other'],
    refused: true,
  },
]
for (const { name, write: request, namespaces, refused } of denials) {
  test(`checkRbacEscalation(): a DenyRule ${refused ? 'refuses' : 'allows'} ${name}`, async () => {
    const error = await checkRbacEscalation(request, { ...context, denyRules: { concerning: () => [denied(namespaces)] } })
    if (refused) assert.match(error?.status.message ?? '', /denied by DenyRule "no-secrets": by hand only/)
    else assert.equal(error, undefined)
  })
}
