import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyJsonPatch } from '../../api/patch/json-patch.ts'
import { admit, badPod, goodSpec, pod, refusal, upstream } from '../plugins.fixture.ts'

test('PodSecurity refuses a privileged pod in a new namespace with field, rule and an accepted alternative', async () => {
  const err = await refusal({ kind: 'pods', object: badPod() })
  assert.equal(err.status.code, 403)
  assert.match(
    err.message,
    /^pods "p" is forbidden: violates PodSecurity "restricted:latest": privileged \(container "app" must not set securityContext\.privileged=true\), allowPrivilegeEscalation != false/,
  )
  assert.ok(err.status.details?.causes?.some(({ field }) => field === 'spec.containers[0].securityContext.privileged'))
  const patch = JSON.parse(/would pass: (\[.*\])$/.exec(err.message)?.[1] ?? 'null')
  assert.ok(Array.isArray(patch) && patch.length > 0)
})

test('PodSecurity names what admits a pod that no patch can fix', async () => {
  const object = pod({ ...goodSpec(), volumes: [{ name: 'v', hostPath: { path: '/' } }] })
  const err = await refusal({ kind: 'pods', object })
  assert.match(
    err.message,
    /; templateDigest sha256:[0-9a-f]{64}; no patch is known to pass; what has to be so takes a PodSecurityException with this templateDigest$/,
  )
})

test('PodSecurity refuses the Deployment itself, with a patch that passes', async () => {
  const deployment = {
    metadata: { name: 'd', namespace: 'team' },
    spec: { template: { metadata: {}, spec: { containers: [{ name: 'app', image: 'a:1' }] } } },
  }
  const defaulted = structuredClone(deployment)
  Object.assign(defaulted.spec.template.spec, { securityContext: {} })
  const err = await refusal({ kind: 'deployments', object: defaulted })
  assert.match(err.message, /^deployments\.apps "d" is forbidden: violates PodSecurity "restricted:latest"/)
  const passing = applyJsonPatch(deployment, JSON.parse(/would pass: (\[.*\])$/.exec(err.message)?.[1] ?? '[]')) as object
  await admit({ kind: 'deployments', object: passing })
})

test('PodSecurity is disabled by a label or for kube-system, and in the upstream profile enabled only by a label', async () => {
  await admit({ kind: 'pods', namespace: 'loose', object: badPod() })
  await admit({ kind: 'pods', namespace: 'kube-system', object: badPod() })
  await admit({ kind: 'pods', object: badPod() }, upstream)
})

test('PodSecurity validates ephemeral containers, and skips updates without relevant changes', async () => {
  const withDebugger = pod({
    ...goodSpec(),
    serviceAccountName: 'default',
    ephemeralContainers: [{ name: 'debug', image: 'a:1', securityContext: { privileged: true } }],
  })
  assert.match(
    (await refusal({ kind: 'pods', operation: 'UPDATE', subresource: 'ephemeralcontainers', object: withDebugger, oldObject: pod() }))
      .message,
    /container "debug"/,
  )
  const bad = badPod()
  await admit({
    kind: 'pods',
    operation: 'UPDATE',
    object: { ...bad, metadata: { ...bad.metadata, labels: { a: 'b' } } },
    oldObject: badPod(),
  })
})

test('PodSecurity refuses namespace labels that it cannot read', async () => {
  const err = await refusal({
    kind: 'namespaces',
    object: {
      metadata: { name: 'n', labels: { 'pod-security.kubernetes.io/enforce': 'strict', 'pod-security.kubernetes.io/warn-version': '1.2' } },
    },
  })
  assert.equal(err.status.code, 422)
  assert.deepEqual(
    err.status.details?.causes?.map(({ field }) => field),
    ['metadata.labels[pod-security.kubernetes.io/enforce]', 'metadata.labels[pod-security.kubernetes.io/warn-version]'],
  )
})
