// Attacks on rights: rows of known faults of Kubernetes, each as a request to the API server as it ships, in both profiles.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grant, rbac, rbacGroup, rule } from '../granted-rights.testing.ts'
import { admin, contentTypes, person, SecuredApi } from '../secured-api.testing.ts'

for (const profile of ['secure', 'upstream'] as const) {
  test(`no user writes roles beyond its own rights, binds missing rights, or impersonates others: ${profile} profile`, async t => {
    await using api = await SecuredApi.open({ profile })
    const writer = { verbs: ['*'], apiGroups: [rbacGroup], resources: ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'] }
    await grant(api, 'ann', [{ ...writer, verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'] }, rule(['get'], ['configmaps'])])
    const ann = person('ann')
    const wide = [rule(['*'], ['*'])]
    const role = (name: string, rules: object[], labels = {}) => ({ metadata: { name, labels }, rules })
    const binding = (roleName: string) => ({
      metadata: { name: 'b' },
      subjects: [{ kind: 'User', apiGroup: rbacGroup, name: 'ann' }],
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: roleName },
    })
    const own = [rule(['get'], ['configmaps'])]
    assert.equal((await api.request(ann, 'POST', `${rbac}/clusterroles`, role('own', own))).status, 201)
    const applied = (kind: string, object: object) => ({ apiVersion: `${rbacGroup}/v1`, kind, ...object })
    const attempts: readonly [string, string, string, unknown, string?][] = [
      ['a wide ClusterRole', 'POST', `${rbac}/clusterroles`, role('wide', wide)],
      ['a wide Role', 'POST', `${rbac}/namespaces/default/roles`, role('wide', wide)],
      ['a ClusterRole for paths', 'POST', `${rbac}/clusterroles`, role('paths', [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }])],
      ['escalate for itself', 'POST', `${rbac}/clusterroles`, role('esc', [{ ...writer, verbs: ['escalate'] }])],
      ['a wider update', 'PUT', `${rbac}/clusterroles/own`, role('own', wide)],
      ['a wider merge patch', 'PATCH', `${rbac}/clusterroles/own`, { rules: wide }],
      ['a wider strategic patch', 'PATCH', `${rbac}/clusterroles/own`, { rules: wide }, contentTypes.strategic],
      [
        'a wider JSON patch',
        'PATCH',
        `${rbac}/clusterroles/own`,
        [{ op: 'add', path: '/rules/0/resources/-', value: '*' }],
        contentTypes.jsonPatch,
      ],
      [
        'a wider apply',
        'PATCH',
        `${rbac}/clusterroles/own?fieldManager=m&force=true`,
        applied('ClusterRole', role('own', wide)),
        contentTypes.apply,
      ],
      [
        'an apply of a new one',
        'PATCH',
        `${rbac}/clusterroles/made?fieldManager=m`,
        applied('ClusterRole', role('made', wide)),
        contentTypes.apply,
      ],
      [
        'an apply of a binding',
        'PATCH',
        `${rbac}/clusterrolebindings/b?fieldManager=m`,
        applied('ClusterRoleBinding', binding('cluster-admin')),
        contentTypes.apply,
      ],
      ['create on update', 'PUT', `${rbac}/clusterroles/new`, role('new', wide)],
      [
        'an aggregation of its own',
        'POST',
        `${rbac}/clusterroles`,
        {
          ...role('agg', []),
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } }] },
        },
      ],
      ['a binding of cluster-admin', 'POST', `${rbac}/clusterrolebindings`, binding('cluster-admin')],
      ['a RoleBinding of cluster-admin', 'POST', `${rbac}/namespaces/default/rolebindings`, binding('cluster-admin')],
      ['a binding of a role that does not exist yet', 'POST', `${rbac}/clusterrolebindings`, binding('later')],
    ]
    for (const [what, method, path, body, type] of attempts) {
      await t.test(what, async () => {
        const { status, text } = await api.request(ann, method, path, body, type)
        // Missing objects may be reported as such.
        const notThere = what.includes('not exist') || what === 'create on update'
        assert.ok(status === 403 || (notThere && status === 404), `${status} ${text}`)
      })
    }
    // An author of a ClusterRole may make it part of others, as upstream allows.
    const label = { metadata: { labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } } }
    await t.test('an aggregation label', async () => {
      const { status } = await api.request(ann, 'PATCH', `${rbac}/clusterroles/own`, label)
      assert.equal(status, profile === 'secure' ? 403 : 200)
    })
    await t.test('and the role is still as narrow', async () => {
      assert.deepEqual((await api.request(admin, 'GET', `${rbac}/clusterroles/own`)).json.rules, own)
    })
    const heads: Record<string, string>[] = [
      { 'impersonate-user': 'admin' },
      { 'impersonate-user': 'ann', 'impersonate-group': 'system:masters' },
      { 'impersonate-user': 'system:serviceaccount:kube-system:namespace-controller' },
      { 'impersonate-user': 'system:node:n1' },
      { 'impersonate-user': 'ann', 'impersonate-uid': '1' },
      { 'impersonate-user': 'ann', 'impersonate-extra-scopes': 'x' },
    ]
    for (const headers of heads) {
      await t.test(`acting with ${JSON.stringify(headers)}`, async () => {
        assert.equal((await api.send({ url: '/api/v1/pods', identity: ann, headers })).status, 403)
      })
    }
  })
}

test('the right to impersonate a user does not extend beyond the name', async t => {
  await using api = await SecuredApi.open()
  await grant(api, 'ann', [{ ...rule(['impersonate'], ['users']), resourceNames: ['bob'] }])
  const who = (headers: Record<string, string>) =>
    api.send({
      method: 'POST',
      url: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      identity: person('ann'),
      headers: { 'content-type': 'application/json', 'impersonate-user': 'bob', ...headers },
      body: async () => Buffer.from('{}'),
    })
  assert.equal((await who({})).status, 201)
  // Empty, as upstream, it asks for nothing.
  assert.equal((await who({ 'impersonate-uid': '' })).status, 201)
  for (const headers of [
    { 'impersonate-user': 'carol' },
    { 'impersonate-user': 'system:serviceaccount:bob:bob' },
    { 'impersonate-group': 'bobs' },
    { 'impersonate-uid': '1' },
    { 'impersonate-extra-scopes': 'x' },
    { 'impersonate-extra-__proto__': 'x' },
    { 'impersonate-extra-%5F_proto__': 'x' },
    { 'impersonate-extra-': 'x' },
  ] as Record<string, string>[]) {
    await t.test(JSON.stringify(headers), async () => assert.equal((await who(headers)).status, 403))
  }
})

test('missing rights of a write of roles and bindings are reported before its other errors', async () => {
  await using api = await SecuredApi.open()
  const writer = { verbs: ['create', 'update'], apiGroups: [rbacGroup], resources: ['clusterroles', 'clusterrolebindings'] }
  await grant(api, 'ann', [writer])
  const ann = person('ann')
  const faulty = { metadata: { name: 'a' }, rules: [rule(['get'], ['secrets']), { resources: ['pods'] }] }
  const binding = (kind: string, name: string) => ({
    metadata: { name: 'b' },
    subjects: [{ kind: 'Nobody', name: 'x' }],
    roleRef: { apiGroup: rbacGroup, kind, name },
  })
  const asked: readonly [path: string, object: object, code: number, said: RegExp][] = [
    ['clusterroles', faulty, 403, /attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["secrets"\]/],
    ['clusterrolebindings', binding('ClusterRole', 'cluster-admin'), 403, /attempting to grant/],
    ['clusterrolebindings', binding('ClusterRole', 'nope'), 404, /^clusterrolebindings.rbac.authorization.k8s.io "nope" not found$/],
    ['clusterrolebindings', binding('Nothing', 'cluster-admin'), 422, /roleRef.kind: Unsupported value: "Nothing"/],
    ['clusterroles', { ...faulty, rules: [{ resources: ['pods'] }] }, 422, /rules\[0\].verbs: Required value/],
  ]
  for (const [path, object, code, said] of asked) {
    const { status, json } = await api.request(ann, 'POST', `${rbac}/${path}`, object)
    assert.equal(status, code, json.message)
    assert.match(json.message, said)
  }
})
