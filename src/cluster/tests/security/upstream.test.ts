// The upstream profile drops what Bulkhead adds, not what Kubernetes has: a rule that a namespace or an account requests applies to every
// way.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { load } from 'js-yaml'
import { grant, rule } from '../granted-rights.testing.ts'
import { admin, contentTypes, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const inTight = '/api/v1/namespaces/tight'
const label = (level: string) => ({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } } })
const ann = person('ann')

const api = await SecuredApi.open({ profile: 'upstream' })
await api.create('/api/v1/namespaces', { metadata: { name: 'tight', ...label('restricted').metadata } })
await api.create(`${inTight}/serviceaccounts`, { metadata: { name: 'default' } })
await grant(api, 'ann', [rule(['*'], ['pods', 'pods/ephemeralcontainers', 'serviceaccounts'])], 'tight')
await api.create(`${inTight}/pods`, restrictedPod('good'))
after(() => api[Symbol.asyncDispose]())

interface Violation {
  readonly metadata?: object
  readonly spec: { readonly containers?: readonly object[] }
}
const folder = join(import.meta.dirname, '../../../admission/pod-security/checks')
for (const file of globSync('*.fail.yaml', { cwd: folder })) {
  const id = file.replace('.fail.yaml', '')
  const { metadata, spec } = load(readFileSync(join(folder, file), 'utf8')) as Violation
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name: id.toLowerCase().replaceAll('_', '-') },
    spec: { ...restrictedPod(id).spec, ...spec },
  }
  test(`CVE-2017-1000056: in a namespace that asks for restricted no pod gets in with ${id}, by whatever way`, async () => {
    const { name } = pod.metadata
    for (const [method, path, type] of [
      ['POST', `${inTight}/pods`],
      ['POST', `${inTight}/pods?dryRun=All`],
      ['PATCH', `${inTight}/pods/${name}?fieldManager=m`, contentTypes.apply],
    ] as const) {
      const { status, text } = await api.request(ann, method, path, pod, type)
      assert.ok(status === 403 || status === 422, `${method} ${path}: ${status} ${text}`)
    }
    assert.equal((await api.request(admin, 'GET', `${inTight}/pods/${name}`)).status, 404)
  })
}

test('CVE-2023-2727: nor does an ephemeral container', async () => {
  for (const securityContext of [undefined, { privileged: true }, { allowPrivilegeEscalation: true, capabilities: { drop: ['ALL'] } }]) {
    const spec = { ephemeralContainers: [{ name: 'debug', image: 'i', securityContext }] }
    const { status, text } = await api.request(ann, 'PATCH', `${inTight}/pods/good/ephemeralcontainers`, { spec }, contentTypes.strategic)
    assert.equal(status, 403, text)
  }
})

test('users who may create pods in the namespace cannot set the label itself, which has its usual meaning', async () => {
  for (const path of [inTight, `${inTight}/status`]) assert.equal((await api.request(ann, 'PATCH', path, label('privileged'))).status, 403)
  assert.equal((await api.request(admin, 'PATCH', inTight, label('privilegd'))).status, 422)
  const hostPid = restrictedPod('host', { hostPID: true })
  assert.equal((await api.request(ann, 'POST', `${inTight}/pods`, hostPid)).status, 403)
})

test('CVE-2023-2728 and CVE-2024-3177: an account with enforce-mountable-secrets reaches no other Secret', async () => {
  await api.create(`${inTight}/serviceaccounts`, {
    metadata: { name: 'few', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
  })
  const secretKeyRef = { name: 'foreign', key: 'k' }
  for (const [spec, container] of [
    [{}, { env: [{ name: 'A', valueFrom: { secretKeyRef } }] }],
    [{}, { envFrom: [{ secretRef: { name: 'foreign' } }] }],
    [{ volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'foreign' } }] } }] }, {}],
    [{ imagePullSecrets: [{ name: 'foreign' }] }, {}],
  ] as const) {
    const { status, text } = await api.request(
      ann,
      'POST',
      `${inTight}/pods`,
      restrictedPod('x', { serviceAccountName: 'few', ...spec }, container),
    )
    assert.equal(status, 403)
    assert.match(text, /is not allowed because service account few does not reference that/)
  }
})

test('a priority above all users’ is not a number that a pod may name', async () => {
  const { status } = await api.request(ann, 'POST', `${inTight}/pods`, restrictedPod('first', { priority: 2_000_001_000 }))
  assert.equal(status, 403)
})
