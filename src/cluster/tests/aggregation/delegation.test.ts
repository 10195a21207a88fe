// Requests of an aggregated server with its own account: trusted front proxies, token reviews, access reviews.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, SecuredApi } from '../secured-api.testing.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const accounts = '/api/v1/namespaces/default/serviceaccounts'
const configMap = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'

async function withBackend(
  bound: boolean,
): Promise<{ api: SecuredApi; ask(method: string, url: string, body?: object): ReturnType<SecuredApi['present']> }> {
  const api = await SecuredApi.open()
  await api.create(accounts, { metadata: { name: 'wardle' } })
  const subjects = [{ kind: 'ServiceAccount', namespace: 'default', name: 'wardle' }]
  if (bound) {
    const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })
    await api.create(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'wardle' },
      roleRef: roleRef('ClusterRole', 'system:auth-delegator'),
      subjects,
    })
    await api.create(`${rbac}/namespaces/kube-system/rolebindings`, {
      metadata: { name: 'wardle' },
      roleRef: roleRef('Role', 'extension-apiserver-authentication-reader'),
      subjects,
    })
  }
  const authorization = `Bearer ${await api.token('default', 'wardle')}`
  return {
    api,
    ask: (method, url, body = {}) =>
      api.present({ authorization }, url, {
        method,
        headers: { 'content-type': 'application/json' },
        body: async () => Buffer.from(JSON.stringify(body)),
      }),
  }
}

test('a backend whose account is bound as its manifests bind it reads the authorities and delegates both questions', async () => {
  const { api, ask } = await withBackend(true)
  await using _ = api
  assert.match((await ask('GET', configMap)).json.data['requestheader-client-ca-file'], /BEGIN CERTIFICATE/)
  await api.create(accounts, { metadata: { name: 'visitor' } })
  const token = await api.token('default', 'visitor')
  const review = await ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } })
  assert.equal(review.json.status.authenticated, true, review.text)
  const { username, groups } = review.json.status.user
  assert.equal(username, 'system:serviceaccount:default:visitor')
  const resourceAttributes = { group: 'wardle.example.com', resource: 'flunders', verb: 'list', namespace: 'default' }
  const access = (user: string, all: readonly string[]) =>
    ask('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user, groups: all, resourceAttributes } })
  assert.equal((await access(username, groups)).json.status.allowed, false)
  assert.equal((await access(admin.name, admin.groups)).json.status.allowed, true)
})

test('an account without these bindings gets no answer', async () => {
  const { api, ask } = await withBackend(false)
  await using _ = api
  assert.equal((await ask('GET', configMap)).status, 403)
  assert.equal((await ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } })).status, 403)
  assert.equal((await ask('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: 'a' } })).status, 403)
})
