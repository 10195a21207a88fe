// Which pods get a token in the secure profile: those whose account has a right beyond those of all users, once it has it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, nodeUser, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const group = 'rbac.authorization.k8s.io'

const grants: readonly [string, string, object, boolean][] = [
  ['nothing', '', {}, false],
  ['a right in its namespace', `${rbac}/namespaces/default`, { kind: 'ServiceAccount', name: 'a' }, true],
  // The author of RoleBindings in another namespace can name any account there.
  ['a right in another namespace', `${rbac}/namespaces/kube-public`, { kind: 'ServiceAccount', name: 'a', namespace: 'default' }, false],
  [
    'a right of all accounts in another namespace',
    `${rbac}/namespaces/kube-public`,
    { kind: 'Group', apiGroup: group, name: 'system:serviceaccounts' },
    false,
  ],
  ['a right everywhere', rbac, { kind: 'ServiceAccount', name: 'a', namespace: 'default' }, true],
  ['a right of all accounts of its namespace', rbac, { kind: 'Group', apiGroup: group, name: 'system:serviceaccounts:default' }, true],
  ['a right of all accounts', `${rbac}/namespaces/default`, { kind: 'Group', apiGroup: group, name: 'system:serviceaccounts' }, true],
  ['a right by its user name', rbac, { kind: 'User', apiGroup: group, name: 'system:serviceaccount:default:a' }, true],
  ['a right of the same name elsewhere', rbac, { kind: 'ServiceAccount', name: 'a', namespace: 'kube-public' }, false],
  [
    'a right of all accounts of another namespace',
    rbac,
    { kind: 'Group', apiGroup: group, name: 'system:serviceaccounts:kube-public' },
    false,
  ],
]
for (const [what, scope, subject, given] of grants) {
  test(`the node of a pod whose account has ${what} gets ${given ? 'a' : 'no'} token`, async () => {
    await using api = await SecuredApi.open()
    await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'a' } })
    const bind = () => {
      const bindings = scope === rbac ? 'clusterrolebindings' : 'rolebindings'
      const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'view' }
      return api.create(`${scope}/${bindings}`, { metadata: { name: 'b' }, subjects: [subject], roleRef })
    }
    // A Deployment is often applied before its RoleBinding.
    const early = await podOnNode(api, 'early')
    assert.deepEqual([early.volumes, early.annotation, await tokenStatus(api, early)], [1, 'with-first-right', 403])
    if (scope !== '') await bind()
    assert.equal(await tokenStatus(api, early), given ? 201 : 403)
    const late = await podOnNode(api, 'late')
    assert.deepEqual([late.volumes, late.annotation], [1, given ? undefined : 'with-first-right'])
    assert.equal(await tokenStatus(api, late), given ? 201 : 403)
  })
}

test('a pod that asks for its token gets it without a right, and one that wants none has no volume', async () => {
  await using api = await SecuredApi.open()
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'a' } })
  const wanted = await podOnNode(api, 'wanted', { automountServiceAccountToken: true })
  assert.deepEqual([wanted.volumes, wanted.annotation, await tokenStatus(api, wanted)], [1, undefined, 201])
  const unwanted = await podOnNode(api, 'unwanted', { automountServiceAccountToken: false })
  assert.deepEqual([unwanted.volumes, unwanted.annotation, await tokenStatus(api, unwanted)], [0, undefined, 403])
})

test('a token of another audience that a pod names waits for no right', async () => {
  await using api = await SecuredApi.open()
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'a' } })
  const volumes = [{ name: 'vault', projected: { sources: [{ serviceAccountToken: { audience: 'vault', path: 'token' } }] } }]
  const pod = await podOnNode(api, 'p', { volumes })
  assert.deepEqual([await tokenStatus(api, pod), await tokenStatus(api, pod, ['vault'])], [403, 201])
})

interface NodePod {
  readonly name: string
  readonly uid: string
  readonly volumes: number
  readonly annotation: string | undefined
}

async function podOnNode(api: SecuredApi, name: string, spec: object = {}): Promise<NodePod> {
  const object = restrictedPod(name, { serviceAccountName: 'a', nodeName: 'n1', ...spec })
  const { status, json } = await api.request(admin, 'POST', '/api/v1/namespaces/default/pods', object)
  assert.equal(status, 201, json.message)
  return {
    name,
    uid: json.metadata.uid,
    volumes: (json.spec.volumes ?? []).length,
    annotation: json.metadata.annotations?.['bulkhead.dev/token'],
  }
}

async function tokenStatus(api: SecuredApi, { name, uid }: NodePod, audiences: string[] = []): Promise<number> {
  const spec = { audiences, boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } }
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
  return (await api.request(nodeUser('n1'), 'POST', '/api/v1/namespaces/default/serviceaccounts/a/token', body)).status
}

test('SelfSubjectRulesReview lists the combined rights of user and groups in a namespace', async () => {
  await using api = await SecuredApi.open()
  await api.create(`${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: 'b' },
    subjects: [{ kind: 'Group', apiGroup: group, name: 'team' }],
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'view' },
  })
  const review = async (namespace: string) => {
    const user = { name: 'ann', groups: ['team', 'system:authenticated'] }
    const { json } = await api.request(user, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace } })
    return json.status.resourceRules.some(({ resources }: { resources: string[] }) => resources.includes('pods'))
  }
  assert.deepEqual([await review('default'), await review('kube-public')], [true, false])
})
