// All rights within a namespace do not give access to the nodes.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { grant, rule } from '../granted-rights.testing.ts'
import { admin, contentTypes, person, SecuredApi } from '../secured-api.testing.ts'

const tenant = person('tenant')
const platform = person('platform')

async function opened(profile: 'secure' | 'upstream'): Promise<SecuredApi> {
  const api = await SecuredApi.open({ profile })
  await api.create('/api/v1/namespaces', { metadata: { name: 'team' } })
  await grant(api, 'tenant', [rule(['*'], ['*'], { apiGroups: ['*'] })], 'team')
  await grant(api, 'platform', [
    rule(['update', 'patch', 'get'], ['namespaces'], { resourceNames: ['team'] }),
    rule(['create'], ['podsecurityexceptions'], { apiGroups: ['bulkhead.dev'] }),
  ])
  return api
}

const api = await opened('secure')
after(() => api[Symbol.asyncDispose]())

const path = '/api/v1/namespaces/team'
const label = (level: string | null, version?: string | null) => ({
  metadata: {
    labels: {
      'pod-security.kubernetes.io/enforce': level,
      ...(version === undefined ? {} : { 'pod-security.kubernetes.io/enforce-version': version }),
    },
  },
})
const relabel = (user: typeof tenant, body: object, at = path, of: SecuredApi = api) =>
  of.request(user, 'PATCH', at, body, contentTypes.merge)

test('every right within a namespace does not lower its level of Pod Security, by any way to its labels', async () => {
  const refused = async (asked: Promise<{ status: number; text: string }>, change: RegExp) => {
    const { status, text } = await asked
    assert.equal(status, 403, text)
    assert.match(text, /user \\"tenant\\" may not lower Pod Security of the namespace/)
    assert.match(text, change)
    assert.match(text, /verb \\"update\\" on namespaces by a ClusterRoleBinding/)
  }
  const lower = /from \\"restricted:latest\\" to \\"privileged:latest\\"/
  await refused(relabel(tenant, label('privileged')), lower)
  await refused(relabel(tenant, label('privileged'), `${path}/status`), lower)
  await refused(relabel(tenant, label('baseline')), /to \\"baseline:latest\\"/)
  await refused(relabel(tenant, label('restricted', 'v1.10')), /to \\"restricted:v1\.10\\"/)
  const { json } = await api.request(admin, 'GET', path)
  json.metadata.labels = { ...json.metadata.labels, ...label('privileged').metadata.labels }
  await refused(api.request(tenant, 'PUT', path, json), lower)
  await refused(api.request(tenant, 'PUT', `${path}/finalize`, json), lower)
  const applied = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team', labels: label('privileged').metadata.labels } }
  await refused(api.request(tenant, 'PATCH', `${path}?fieldManager=t`, applied, contentTypes.apply), lower)
})

test('nor relaxes a level stricter than the default, but may set other labels and stricter levels', async () => {
  assert.equal((await relabel(tenant, { metadata: { labels: { team: 'a' } } })).status, 200)
  assert.equal((await relabel(tenant, label('restricted'))).status, 200)
  assert.equal((await relabel(tenant, label(null))).status, 200)
})

test('a user who may change the Namespace by a ClusterRoleBinding may lower its level, as administrators do', async () => {
  assert.equal((await relabel(platform, label('baseline'))).status, 200)
  assert.equal((await relabel(tenant, label('privileged'))).status, 403)
  assert.equal((await relabel(tenant, label('restricted'))).status, 200)
  assert.equal((await relabel(admin, label('privileged'))).status, 200)
  assert.equal((await relabel(tenant, label(null))).status, 200)
})

test('all rights within a namespace do not suffice to create or change exceptions from Pod Security', async () => {
  const exceptions = '/apis/bulkhead.dev/v1alpha1/namespaces/team/podsecurityexceptions'
  const exception = (name: string) => ({
    metadata: { name },
    spec: {
      templateDigest: `sha256:${'0'.repeat(64)}`,
      checks: ['hostNamespaces'],
      owner: 'a',
      reason: 'b',
      expires: '2100-01-01T00:00:00Z',
    },
  })
  const { status, text } = await api.request(tenant, 'POST', exceptions, exception('own'))
  assert.equal(status, 403, text)
  assert.match(text, /may not make exceptions from Pod Security: that takes the verb \\"create\\" on podsecurityexceptions\.bulkhead\.dev/)
  assert.equal((await api.request(platform, 'POST', exceptions, exception('given'))).status, 201)
  assert.equal((await relabel(tenant, { spec: { checks: ['privileged'] } }, `${exceptions}/given`)).status, 403)
  assert.equal((await relabel(admin, { spec: { reason: 'c' } }, `${exceptions}/given`)).status, 200)
  assert.equal((await api.request(tenant, 'DELETE', `${exceptions}/given`)).status, 200)
})

test('with the upstream profile, labels are up to anyone who may change the Namespace', async () => {
  await using upstream = await opened('upstream')
  assert.equal((await relabel(admin, label('restricted'), path, upstream)).status, 200)
  assert.equal((await relabel(tenant, label('privileged'), path, upstream)).status, 200)
})
