// Which pods get a token in the secure profile: those whose account may do anything that not everybody may.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, restrictedPod, SecuredApi } from './secured-api.testing.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const group = 'rbac.authorization.k8s.io'

const grants: readonly [string, string, object, boolean][] = [
  ['nothing', '', {}, false],
  ['a right in another namespace', `${rbac}/namespaces/kube-public`, { kind: 'ServiceAccount', name: 'a', namespace: 'default' }, true],
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
for (const [what, scope, subject, mounted] of grants) {
  test(`a pod whose account has ${what} gets ${mounted ? 'a' : 'no'} token`, async () => {
    await using api = await SecuredApi.open()
    await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'a' } })
    if (scope !== '') {
      const bindings = scope === rbac ? 'clusterrolebindings' : 'rolebindings'
      const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'view' }
      await api.create(`${scope}/${bindings}`, { metadata: { name: 'b' }, subjects: [subject], roleRef })
    }
    const made = await api.request(admin, 'POST', '/api/v1/namespaces/default/pods', restrictedPod('p', { serviceAccountName: 'a' }))
    assert.equal(made.status, 201)
    assert.equal((made.json.spec.volumes ?? []).length > 0, mounted)
  })
}

test('SelfSubjectRulesReview lists what the rights of user and groups add up to in a namespace', async () => {
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
