// PodSecurityExceptions in a whole API server: what they admit, for how long, and what is written down of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { podSecurityChecks } from '../admission/pod-security/checks/index.ts'
import { podSecurityCheckIds } from '../api/pod-security-check-ids.ts'
import { type Answer, admin, contentTypes, person, restrictedPod, SecuredApi, SteppedClock } from './secured-api.testing.ts'

test('podSecurityCheckIds are those of the checks', () => {
  assert.deepEqual(podSecurityChecks.map(({ id }) => id).toSorted(), [...podSecurityCheckIds].toSorted())
})

const clock = new SteppedClock(Date.parse('2026-06-01T00:00:00Z'))
let api: SecuredApi
before(async () => {
  api = await SecuredApi.open({ clock })
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
})
after(() => api[Symbol.asyncDispose]())

const pods = '/api/v1/namespaces/default/pods'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const exceptions = '/apis/bulkhead.dev/v1alpha1/namespaces/default/podsecurityexceptions'
const hostPod = (name: string, more: object = {}, container: object = {}) => restrictedPod(name, { hostNetwork: true, ...more }, container)
const deployment = (name: string, pod: { spec: object }) => ({
  metadata: { name },
  spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: pod.spec } },
})
const digestOf = ({ json }: Answer): string => /templateDigest (sha256:[0-9a-f]{64})/.exec(json.message)?.[1] ?? ''
const refusedDigest = async (pod: object): Promise<string> => {
  const refused = await api.request(admin, 'POST', pods, pod)
  assert.equal(refused.status, 403, refused.text)
  return digestOf(refused)
}
const except = (name: string, templateDigest: string, more: object = {}) =>
  api.create(exceptions, {
    metadata: { name },
    spec: { templateDigest, checks: ['hostNamespaces'], owner: 'ann', reason: 'the driver', expires: '2026-07-01T00:00:00Z', ...more },
  })

test('an exception admits the pod that the refusal named, its Deployment and the pods of it, with a note in the audit log', async () => {
  const digest = await refusedDigest(hostPod('a', {}, { image: 'one:1' }))
  const byDeployment = await api.request(admin, 'POST', deployments, deployment('a', hostPod('x', {}, { image: 'one:1' })))
  assert.deepEqual([byDeployment.status, digestOf(byDeployment)], [403, digest])
  await except('one', digest)
  const admitted = await api.request(admin, 'POST', pods, hostPod('a', {}, { image: 'one:1' }))
  assert.equal(admitted.status, 201, admitted.text)
  const { annotations } = api.events.findLast(({ objectRef }) => objectRef?.name === 'a') ?? {}
  assert.equal(annotations?.['admission.bulkhead.dev/pod-security-exceptions'], 'one of ann until 2026-07-01T00:00:00Z')
  assert.match(annotations?.['pod-security.kubernetes.io/audit-violations'] ?? '', /host namespaces/)
  assert.equal((await api.request(admin, 'POST', deployments, deployment('a', hostPod('x', {}, { image: 'one:1' })))).status, 201)
  const ofController = hostPod(
    'a-5d4f',
    { serviceAccountName: 'default', tolerations: [{ operator: 'Exists' }] },
    { image: 'one:1', resources: { limits: { cpu: '1' } } },
  )
  assert.equal((await api.request(admin, 'POST', pods, ofController)).status, 201)
})

test('an exception covers neither another image, nor another rule, nor another namespace', async () => {
  await except('two', await refusedDigest(hostPod('b', {}, { image: 'two:1' })))
  const refused = async (path: string, pod: object, what: RegExp) => {
    const answer = await api.request(admin, 'POST', path, pod)
    assert.equal(answer.status, 403, answer.text)
    assert.match(answer.json.message, what)
  }
  await refused(pods, hostPod('b', {}, { image: 'two:2' }), /host namespaces/)
  await refused(pods, hostPod('b', { hostPID: true }, { image: 'two:1' }), /host namespaces \(hostNetwork=true, hostPID=true\)/)
  await api.create('/api/v1/namespaces', { metadata: { name: 'other' } })
  await api.create('/api/v1/namespaces/other/serviceaccounts', { metadata: { name: 'default' } })
  await refused('/api/v1/namespaces/other/pods', hostPod('b', {}, { image: 'two:1' }), /host namespaces/)
  const root = hostPod('c', { securityContext: { runAsNonRoot: false, seccompProfile: { type: 'RuntimeDefault' } } }, { image: 'two:1' })
  await except('three', await refusedDigest(root))
  await refused(pods, root, /violates PodSecurity "restricted:latest": runAsNonRoot != true/)
})

test('an exception ends, and one that has ended admits nothing', async () => {
  const pod = (name: string) => hostPod(name, {}, { image: 'four:1' })
  await except('four', await refusedDigest(pod('d')), { expires: '2026-06-01T01:00:00Z' })
  assert.equal((await api.request(admin, 'POST', pods, pod('d'))).status, 201)
  clock.advance(3600_000)
  assert.equal((await api.request(admin, 'POST', pods, pod('e'))).status, 403)
})

test('an exception of fields covers those', async () => {
  const pod = hostPod('f', {}, { image: 'five:1' })
  const digest = await refusedDigest(pod)
  await except('five', digest, { fields: ['spec.hostPID'] })
  assert.equal((await api.request(admin, 'POST', pods, pod)).status, 403)
  await except('six', digest, { fields: ['spec.hostNetwork'] })
  assert.equal((await api.request(admin, 'POST', pods, pod)).status, 201)
})

test('an exception covers no ephemeral container, and lets one that keeps the rules in', async () => {
  const pod = hostPod('g', {}, { image: 'seven:1' })
  await except('seven', await refusedDigest(pod), { checks: ['hostNamespaces', 'allowPrivilegeEscalation', 'capabilities_restricted'] })
  await api.create(pods, pod)
  const debug = (securityContext: object) => ({ spec: { ephemeralContainers: [{ name: 'debug', image: 'i:1', securityContext }] } })
  const send = (body: object) => api.request(admin, 'PATCH', `${pods}/g/ephemeralcontainers`, body, contentTypes.strategic)
  assert.equal((await send(debug({}))).status, 403)
  assert.equal((await send(debug({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }))).status, 200)
})

test('who administers a namespace cannot grant an exception', async () => {
  await api.create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'ann' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
    roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'admin' },
  })
  const body = {
    metadata: { name: 'own' },
    spec: { templateDigest: `sha256:${'0'.repeat(64)}`, checks: ['hostPorts'], owner: 'a', reason: 'b', expires: '2027-01-01T00:00:00Z' },
  }
  assert.equal((await api.request(person('ann'), 'POST', exceptions, body)).status, 403)
  assert.equal((await api.request(admin, 'POST', exceptions, body)).status, 201)
})
