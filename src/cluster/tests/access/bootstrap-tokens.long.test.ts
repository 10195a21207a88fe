// Kubernetes' bootstrap tokens through the API: they authenticate while their Secrets allow it, without any rights by themselves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyAndCsr } from '../../../access/pki/key-and-csr.ts'
import { deniedCredentials } from '../../../api/credentials/denied-credentials-names.ts'
import type { CertificateSigningRequest } from '../../../api/types/certificates-v1.ts'
import type { ClusterRoleBinding } from '../../../api/types/rbac-v1.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { resourceRef } from '../../../client/resource-ref.ts'
import { certificateSigningRequests, clusterRoles, configMaps, secrets as tokenSecrets } from '../../../client/resources.ts'
import { startCluster } from '../bootstrapped.testing.ts'
import { grant, rule } from '../granted-rights.testing.ts'
import { admin, person, SecuredApi, SteppedClock } from '../secured-api.testing.ts'

const limit = { timeout: 60_000 }
const secrets = '/api/v1/namespaces/kube-system/secrets'
const secretPath = `${secrets}/bootstrap-token-abcdef`
const token = 'abcdef.0123456789abcdef'
const user = 'system:bootstrap:abcdef'

const tokenSecret = (more: Record<string, string> = {}) => ({
  metadata: { name: 'bootstrap-token-abcdef' },
  type: 'bootstrap.kubernetes.io/token',
  stringData: { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', ...more },
})

const whoAmI = (api: SecuredApi, shown = token) =>
  api.present({ authorization: `Bearer ${shown}` }, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: async () => Buffer.from('{}'),
  })

/** Begins a watch with the token; `over` resolves when it ended by itself. */
async function watch(api: SecuredApi) {
  const credentials = { remoteAddress: '192.0.2.1', authorization: `Bearer ${token}` }
  const reply = await api.send({ url: '/api/v1/configmaps?watch=1', credentials })
  assert.equal(reply.status, 200)
  const { body } = reply
  assert.ok(typeof body === 'function')
  let isOpen = true
  const over = body({ write: () => true, drained: async () => undefined }, new AbortController().signal).then(() => {
    isOpen = false
    reply.done({ bytes: 0, cut: false })
  })
  return { over, isOpen: () => isOpen }
}

test('a bootstrap token authenticates only if its kind is enabled', async () => {
  await using api = await SecuredApi.open()
  await api.create(secrets, tokenSecret())
  assert.equal((await whoAmI(api)).status, 401)
})

test('a bootstrap token authenticates its user, its authenticator is recorded, and the token appears nowhere', async () => {
  await using api = await SecuredApi.open({ bootstrapTokens: true })
  await api.create(secrets, tokenSecret({ 'auth-extra-groups': 'system:bootstrappers:x' }))
  const { status, json, text } = await whoAmI(api)
  assert.equal(status, 201, text)
  const groups = ['system:bootstrappers', 'system:bootstrappers:x', 'system:authenticated']
  assert.deepEqual(json.status.userInfo, { username: user, groups })
  const annotations = api.events.at(-1)?.annotations
  assert.equal(annotations?.['authentication.bulkhead.dev/authenticator'], 'bootstrap-token')
  assert.equal(annotations?.['authentication.bulkhead.dev/credential-id'], 'bootstrap-token:abcdef')
  const review = await api.request(admin, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } })
  assert.deepEqual([review.json.status.authenticated, review.json.status.user], [true, { username: user, groups }])
  await whoAmI(api, 'abcdef.fedcba9876543210')
  assert.match(api.events.at(-1)?.annotations?.['authentication.bulkhead.dev/refusals'] ?? '', /bootstrap token is unknown or wrong/)
  assert.doesNotMatch(api.logLines.join('') + JSON.stringify(api.events), /0123456789abcdef|fedcba9876543210/)
})

test('whatever is wrong with a bootstrap token, the answer is the same', async () => {
  const clock = new SteppedClock(Date.UTC(2026, 0, 1))
  await using api = await SecuredApi.open({ bootstrapTokens: true, clock })
  const unknown = await whoAmI(api)
  await api.create(secrets, tokenSecret({ expiration: '2026-01-01T01:00:00Z' }))
  const wrong = await whoAmI(api, 'abcdef.0123456789abcdeg')
  assert.equal((await whoAmI(api)).status, 201)
  clock.advance(3_600_000)
  const expired = await whoAmI(api)
  const patch = (stringData: Record<string, string>) => api.request(admin, 'PATCH', secretPath, { stringData })
  await patch({ expiration: '', 'auth-extra-groups': 'system:masters' })
  const grouped = await whoAmI(api)
  await patch({ 'auth-extra-groups': '', 'usage-bootstrap-authentication': 'no' })
  const useless = await whoAmI(api)
  await patch({ 'usage-bootstrap-authentication': 'true' })
  assert.equal((await whoAmI(api)).status, 201)
  await api.request(admin, 'DELETE', secretPath)
  for (const { status, text } of [wrong, expired, grouped, useless, await whoAmI(api)])
    assert.deepEqual([status, text], [401, unknown.text])
})

for (const [how, end] of [
  ['is deleted', (api: SecuredApi) => api.request(admin, 'DELETE', secretPath)],
  ['gets another secret', (api: SecuredApi) => api.request(admin, 'PATCH', secretPath, { stringData: { 'token-secret': 'x'.repeat(16) } })],
  [
    'waits for a finalizer',
    async (api: SecuredApi) => {
      await api.request(admin, 'PATCH', secretPath, { metadata: { finalizers: ['example.com/wait'] } })
      return await api.request(admin, 'DELETE', secretPath)
    },
  ],
] as const)
  test(`a watch ends when its bootstrap token ${how}, and no other begins`, limit, async () => {
    await using api = await SecuredApi.open({ bootstrapTokens: true })
    await api.create(secrets, tokenSecret())
    await grant(api, user, [rule(['watch'], ['configmaps'])])
    const { over, isOpen } = await watch(api)
    await api.create(secrets, { metadata: { name: 'bootstrap-token-another' } })
    assert.equal(isOpen(), true)
    assert.equal((await end(api)).status, 200)
    await over
    assert.equal((await whoAmI(api)).status, 401)
  })

test('a watch ends with the time of its bootstrap token', limit, async () => {
  const clock = new SteppedClock(Date.UTC(2026, 0, 1))
  await using api = await SecuredApi.open({ bootstrapTokens: true, clock })
  await api.create(secrets, tokenSecret({ expiration: '2026-01-01T01:00:00Z' }))
  await grant(api, user, [rule(['watch'], ['configmaps'])])
  const { over } = await watch(api)
  clock.advance(3_600_000)
  await over
})

test('the deny list holds for bootstrap tokens and their open watches', limit, async () => {
  await using api = await SecuredApi.open({ bootstrapTokens: true })
  await api.create(secrets, tokenSecret())
  await grant(api, user, [rule(['watch'], ['configmaps'])])
  const { over } = await watch(api)
  const list = `/api/v1/namespaces/${deniedCredentials.namespace}/configmaps/${deniedCredentials.name}`
  assert.equal((await api.request(admin, 'PATCH', list, { data: { lost: `user-name:${user}` } })).status, 200)
  await over
  assert.equal((await whoAmI(api)).status, 401)
})

async function requestOf(name: string, node: string) {
  const { csrPem } = await createKeyAndCsr({ commonName: `system:node:${node}`, organizations: ['system:nodes'] })
  const signerName = 'kubernetes.io/kube-apiserver-client-kubelet'
  const usages = ['client auth', 'digital signature']
  return { metadata: { name }, spec: { request: Buffer.from(csrPem).toString('base64'), signerName, usages } }
}

test('a bootstrap token alone has only the rights of all users', async () => {
  await using api = await SecuredApi.open({ bootstrapTokens: true })
  await api.create(secrets, tokenSecret({ 'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token' }))
  const rulesOf = async (holder: ReturnType<typeof person>) =>
    (await api.request(holder, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace: 'kube-system' } }))
      .json.status
  const { json } = await whoAmI(api)
  const { username, groups } = json.status.userInfo
  assert.deepEqual(await rulesOf({ name: username, groups }), await rulesOf(person('nobody')))
  const csrs = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const answer = await api.present({ authorization: `Bearer ${token}` }, csrs, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: async () => Buffer.from(JSON.stringify(await requestOf('n1', 'n1'))),
  })
  assert.equal(answer.status, 403, answer.text)
})

test('a certificate requested with a bootstrap token waits for an approval', limit, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const signal = AbortSignal.timeout(50_000)
  const rules = [{ verbs: ['create'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'] }]
  await cluster.client.create(clusterRoles, '', { metadata: { name: 'joining' }, rules }, signal)
  const apiGroup = 'rbac.authorization.k8s.io'
  const subjects = [{ kind: 'Group', apiGroup, name: 'system:bootstrappers' }]
  const bindings = resourceRef<ClusterRoleBinding>(apiGroup, 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false)
  const roleRef = { kind: 'ClusterRole', apiGroup, name: 'joining' }
  await cluster.client.create(bindings, '', { metadata: { name: 'joining' }, subjects, roleRef } as ClusterRoleBinding, signal)
  const ask = async (as: { name: string; groups: string[] }, name: string, node: string) =>
    await cluster.as(as).create(certificateSigningRequests, '', (await requestOf(name, node)) as CertificateSigningRequest, signal)
  const conditionsOf = async (name: string) =>
    (await cluster.client.get(certificateSigningRequests, '', name, signal)).status?.conditions?.map(({ type }) => type)
  await ask({ name: user, groups: ['system:bootstrappers'] }, 'by-token', 'n1')
  // Requests are decided one by one in the order of arrival.
  await ask({ name: 'system:node:n2', groups: ['system:nodes'] }, 'by-node', 'n2')
  await until(async () => (await conditionsOf('by-node'))?.includes('Approved') === true, 'the node approved')
  assert.equal(await conditionsOf('by-token'), undefined)
})

test('the controllers of bootstrap tokens sign and clean with the rights of their own accounts', limit, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0, bootstrapTokens: true })
  const { client } = cluster
  const signal = AbortSignal.timeout(50_000)
  const clusterInfo = { metadata: { name: 'cluster-info' }, data: { kubeconfig: 'content' } }
  await client.create(configMaps, 'kube-public', clusterInfo, signal)
  await client.create(tokenSecrets, 'kube-system', tokenSecret({ 'usage-bootstrap-signing': 'true' }), signal)
  const signed = async () => Object.keys((await client.get(configMaps, 'kube-public', 'cluster-info', signal)).data ?? {})
  await until(async () => (await signed()).includes('jws-kubeconfig-abcdef'), 'a signature')
  const end = { stringData: { expiration: '2020-01-01T00:00:00Z' } }
  await client.patch(tokenSecrets, 'kube-system', 'bootstrap-token-abcdef', end, { type: 'merge' }, signal)
  await until(async () => !(await signed()).includes('jws-kubeconfig-abcdef'), 'no signature')
  const left = async () => (await client.list(tokenSecrets, { namespace: 'kube-system' }, signal)).items
  await until(async () => (await left()).every(({ type }) => type !== 'bootstrap.kubernetes.io/token'), 'no token')
})
