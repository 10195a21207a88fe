// The fields that a namespace with `restricted` sets, in a whole API server; the next apply shows no difference.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { evaluate } from '../../../admission/pod-security/evaluate.ts'
import { locatePod } from '../../../api/pods/located-pod.ts'
import { admin, contentTypes, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const api = await SecuredApi.open()
for (const name of ['open', 'loose', 'closing'])
  await api.create('/api/v1/namespaces', {
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': name === 'loose' ? 'baseline' : 'privileged' } },
  })
for (const name of ['default', 'open', 'loose', 'closing', 'kube-system'])
  await api.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } })
after(() => api[Symbol.asyncDispose]())

const pods = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`
const deployments = (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`
const bare = (container: object = {}) => ({
  securityContext: { runAsNonRoot: true },
  containers: [{ name: 'c', image: 'i:1', ...container }],
})
const podOf = (name: string, container: object = {}) => ({ metadata: { name }, spec: bare(container) })
const labels = { a: 'b' }
const deploymentOf = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: bare() } },
})
const filled = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }

test('a Deployment and a Pod without the fields of restricted get them, with one warning', async () => {
  const { json, warnings } = await api.request(admin, 'POST', deployments('default'), deploymentOf('web'))
  const { spec } = json.spec.template
  assert.deepEqual(spec.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  assert.deepEqual(spec.containers[0].securityContext, filled)
  const reported = 'allowPrivilegeEscalation=false, capabilities.drop=["ALL"], seccompProfile.type=RuntimeDefault'
  assert.deepEqual(warnings, [`PodSecurity filled in what the Deployment leaves open: ${reported}`])
  const pod = await api.request(admin, 'POST', pods('default'), podOf('a'))
  assert.deepEqual([pod.status, pod.json.spec.containers[0].securityContext], [201, filled])
})

test('nothing is filled in at another level, in kube-system and in the upstream profile', async () => {
  await using upstream = await SecuredApi.open({ profile: 'upstream' })
  await upstream.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  for (const [server, namespace] of [
    [api, 'open'],
    [api, 'loose'],
    [api, 'kube-system'],
    [upstream, 'default'],
  ] as const) {
    const { status, json, text, warnings } = await server.request(admin, 'POST', pods(namespace), podOf('a'))
    assert.equal(status, 201, text)
    assert.deepEqual([json.spec.securityContext, json.spec.containers[0].securityContext], [{ runAsNonRoot: true }, undefined], namespace)
    assert.ok(!warnings.some(warning => warning.includes('filled in')), namespace)
  }
})

test('a violating field is refused as before, with a patch of the sent object that omits defaulted fields', async () => {
  for (const securityContext of [{ privileged: true }, { allowPrivilegeEscalation: true }, { capabilities: { drop: ['NET_RAW'] } }]) {
    const { status, json, warnings } = await api.request(admin, 'POST', pods('default'), podOf('b', { securityContext }))
    assert.equal(status, 403)
    assert.match(json.message, /violates PodSecurity "restricted:latest".*this JSON patch of the Pod would pass/)
    assert.deepEqual(warnings, [])
  }
  const spec = { containers: [{ name: 'c', image: 'i:1' }] }
  const { status, json } = await api.request(admin, 'POST', pods('default'), { metadata: { name: 'root' }, spec })
  assert.equal(status, 403)
  assert.match(json.message, /: runAsNonRoot != true \(pod or container "c" must set securityContext.runAsNonRoot=true\); templateDigest/)
  const patch = JSON.parse(/would pass: (\[.*\])$/.exec(json.message)?.[1] ?? '[]')
  assert.deepEqual(
    patch.map(({ path }: { path: string }) => path),
    ['/spec/containers/0/securityContext', '/spec/securityContext'],
  )
})

test('the same manifest applied again changes nothing, and its manager owns nothing that was filled in', async () => {
  const path = `${deployments('default')}/applied?fieldManager=m`
  const first = await api.request(admin, 'PATCH', path, deploymentOf('applied'), contentTypes.apply)
  assert.equal(first.status, 201, first.text)
  assert.deepEqual(first.json.spec.template.spec.containers[0].securityContext, filled)
  assert.doesNotMatch(JSON.stringify(first.json.metadata.managedFields), /seccompProfile|allowPrivilegeEscalation/)
  for (const [method, address, body, type] of [
    ['PATCH', path, deploymentOf('applied'), contentTypes.apply],
    ['PUT', path, deploymentOf('applied'), contentTypes.json],
    ['PATCH', path, { spec: { template: { spec: bare() } } }, contentTypes.strategic],
  ] as const) {
    const again = await api.request(admin, method, address, body, type)
    assert.equal(again.status, 200, again.text)
    assert.deepEqual(
      [again.json.metadata.generation, again.json.spec],
      [first.json.metadata.generation, first.json.spec],
      `${method} ${type}`,
    )
  }
})

test('a template that is there already stays when its namespace becomes restricted, and so does that of a ReplicaSet of a Deployment', async () => {
  await api.create(deployments('closing'), deploymentOf('old'))
  await api.request(
    admin,
    'PATCH',
    '/api/v1/namespaces/closing',
    { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
    contentTypes.merge,
  )
  const annotated = await api.request(
    admin,
    'PATCH',
    `${deployments('closing')}/old`,
    { metadata: { annotations: { x: 'y' } } },
    contentTypes.merge,
  )
  assert.equal(annotated.status, 200, annotated.text)
  assert.equal(annotated.json.spec.template.spec.containers[0].securityContext, undefined)
  const { metadata, spec } = annotated.json
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old', uid: metadata.uid, controller: true }
  const set = { metadata: { name: 'old-1', ownerReferences: [owner] }, spec: { selector: spec.selector, template: spec.template } }
  const refused = await api.request(admin, 'POST', '/apis/apps/v1/namespaces/closing/replicasets', set)
  assert.match(refused.json.message, /allowPrivilegeEscalation != false/)
  const changed = await api.request(
    admin,
    'PATCH',
    `${deployments('closing')}/old`,
    { spec: { template: { metadata: { annotations: { x: 'y' } } } } },
    contentTypes.merge,
  )
  assert.equal(changed.status, 200, changed.text)
})

const silent: readonly (readonly [string, object])[] = [
  ['no word on escalation', restrictedPod('x', {}, { securityContext: { capabilities: { drop: ['ALL'] } } })],
  ['no capabilities dropped', restrictedPod('x', {}, { securityContext: { allowPrivilegeEscalation: false } })],
  ['a capability added', restrictedPod('x', {}, { securityContext: { capabilities: { add: ['NET_BIND_SERVICE'] } } })],
  ['a sidecar without context', restrictedPod('x', { initContainers: [{ name: 'more', image: 'i', restartPolicy: 'Always' }] })],
  ['no seccomp profile', restrictedPod('x', { securityContext: { runAsNonRoot: true } })],
]
for (const [what, pod] of silent) {
  test(`omitted rights are not granted, in pods and templates: ${what}`, async () => {
    const { spec } = pod as { spec: object }
    const deployment = { metadata: { name: 'x' }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } } }
    for (const [plural, path, object] of [
      ['pods', `${pods('default')}?dryRun=All`, pod],
      ['deployments.apps', `${deployments('default')}?dryRun=All`, deployment],
    ] as const) {
      const { status, text, json, warnings } = await api.request(admin, 'POST', path, object)
      assert.equal(status, 201, text)
      const located = locatePod(plural, json)
      assert.ok(located)
      assert.deepEqual(evaluate(located.pod, { level: 'restricted', minor: 'latest' }), [])
      assert.ok(
        warnings.some(warning => warning.includes('PodSecurity filled in what the ')),
        warnings.join(),
      )
    }
  })
}

test('an ephemeral container without a context gets no rights', async () => {
  await api.create(`${pods('default')}`, restrictedPod('debugged'))
  const path = `${pods('default')}/debugged/ephemeralcontainers`
  const body = { spec: { ephemeralContainers: [{ name: 'dbg', image: 'i' }] } }
  // Sending it again gives the same result.
  for (let round = 0; round < 2; round++) {
    const { status, text, json } = await api.request(admin, 'PATCH', path, body, contentTypes.strategic)
    assert.equal(status, 200, text)
    assert.deepEqual(json.spec.ephemeralContainers[0].securityContext, { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } })
  }
  const put = { ...(await api.request(admin, 'GET', `${pods('default')}/debugged`)).json }
  put.spec = { ...put.spec, ephemeralContainers: [{ name: 'dbg', image: 'i' }] }
  assert.equal((await api.request(admin, 'PUT', path, put)).status, 200)
})
