import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fieldPaths, sampleOf, setField } from '../../api/schema/field-paths.testing.ts'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { templateDigest } from './template-digest.ts'

const spec: PodSpec = { containers: [{ name: 'c', image: 'i:1' }], hostNetwork: true, securityContext: {} }
const digest = (more: Partial<PodSpec> = {}, metadata: object = {}) => templateDigest({ metadata, spec: { ...spec, ...more } })
const container = (more: object) => ({ containers: [{ name: 'c', image: 'i:1', ...more }] })
const annotated = (annotations: Record<string, string>) => ({ annotations })
const armor = 'container.apparmor.security.beta.kubernetes.io/c'
const token = {
  name: 'kube-api-access-x',
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
    defaultMode: 420,
  },
}
const tokenMount = { name: token.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
const completionIndex = (fieldPath: string) => ({
  env: [{ name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } }],
})

const same: readonly [name: string, digest: () => string][] = [
  ['what the API defaults', () => digest({ restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', enableServiceLinks: true })],
  [
    'the default account and its token',
    () => digest({ serviceAccountName: 'default', volumes: [token], ...container({ volumeMounts: [tokenMount] }) }),
  ],
  ['requests and limits', () => digest(container({ resources: { limits: { memory: '1Gi' }, requests: { cpu: '1' } } }))],
  [
    'the digest that ImageDigests adds',
    () =>
      digest(
        container({ image: 'i:1@sha256:aa' }),
        annotated({ 'supply.bulkhead.dev/images': JSON.stringify({ c: { image: 'i:1', digest: 'sha256:aa' } }) }),
      ),
  ],
  [
    'claims of a StatefulSet',
    () => digest({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-a-0' } }], hostname: 'a-0' }, { name: 'a-0' }),
  ],
  ['placement', () => digest({ nodeName: 'n', tolerations: [{ operator: 'Exists' }], affinity: {}, priority: 0 })],
  [
    'the variable of an Indexed Job',
    () => digest(container(completionIndex("metadata.labels['batch.kubernetes.io/job-completion-index']"))),
  ],
  ['a restart by kubectl', () => digest({}, annotated({ 'kubectl.kubernetes.io/restartedAt': 'now' }))],
  ['an ephemeral container', () => digest({ ephemeralContainers: [{ name: 'e', image: 'x' }] })],
  ['the order of members', () => digest({ hostNetwork: true, containers: [{ image: 'i:1', name: 'c' }] })],
]
for (const [name, other] of same) test(`templateDigest() is the same with ${name}`, () => assert.equal(other(), digest()))

const others: readonly [name: string, digest: () => string][] = [
  ['container', () => digest({ containers: [...spec.containers, { name: 'd', image: 'i:1' }] })],
  ['init container', () => digest({ initContainers: [{ name: 'd', image: 'i:1' }] })],
  ['seccomp annotation', () => digest({}, annotated({ 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }))],
  ['AppArmor annotation', () => digest({}, annotated({ [armor]: 'unconfined' }))],
  ['annotation, which a container may read', () => digest({}, annotated({ script: 'curl' }))],
  ['label, which a container may read', () => digest({}, { labels: { script: 'curl' } })],
  ['device', () => digest(container({ resources: { limits: { 'example.com/gpu': '1' } } }))],
  ['value of the variable of an Indexed Job', () => digest(container({ env: [{ name: 'JOB_COMPLETION_INDEX', value: '; sh' }] }))],
  ['source of the variable of an Indexed Job', () => digest(container(completionIndex("metadata.annotations['mine']")))],
  ['claim', () => digest({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'mine' } }] }, { name: 'a-0' })],
  [
    'volume by the name of a token',
    () => digest({ volumes: [{ name: token.name, projected: { sources: [{ configMap: { name: 'mine' } }] } }] }),
  ],
  [
    'secret in the volume of the token',
    () => digest({ volumes: [{ name: token.name, projected: { sources: [...token.projected.sources, { secret: { name: 's' } }] } }] }),
  ],
  [
    'annotation as a file in the volume of the token',
    () => {
      const script = { downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: "metadata.annotations['x']" } }] } }
      return digest({ volumes: [{ name: token.name, projected: { sources: [script] } }] })
    },
  ],
  ['place of the token', () => digest({ volumes: [token], ...container({ volumeMounts: [{ ...tokenMount, mountPath: '/usr/bin' }] }) })],
  ['part of the token', () => digest({ volumes: [token], ...container({ volumeMounts: [{ ...tokenMount, subPath: 'x' }] }) })],
]
for (const [name, other] of others) test(`templateDigest() is another one with another ${name}`, () => assert.notEqual(other(), digest()))

test('templateDigest() takes an AppArmor profile for the same as field, as annotation and as both', () => {
  const field = container({ securityContext: { appArmorProfile: { type: 'Unconfined' } } })
  const annotation = annotated({ [armor]: 'unconfined' })
  const digests = [digest(field), digest({}, annotation), digest(field, annotation)]
  assert.equal(new Set(digests).size, 1)
})

/** Paths below a pod's spec that do not count, as regular expressions: each has its reason. */
const uncounted: readonly (readonly [why: string, path: RegExp])[] = [
  ['placement', /^(nodeName|nodeSelector|affinity|tolerations|schedulingGates|overhead|priority|priorityClassName|preemptionPolicy)\b/],
  ['names that controllers give', /^(hostname|subdomain)$/],
  ['pull secrets of the account', /^imagePullSecrets\[\]/],
  ['ephemeral containers are never covered', /^ephemeralContainers\[\]/],
  ['AlwaysPullImages sets it', /ontainers\[\]\.imagePullPolicy$/],
  [
    'the API server drops what is behind a gate that is off',
    /^(resources|resourceClaims)\b|\.resources\.claims\[\]|\.clusterTrustBundle\.|\.stopSignal$|^volumes\[\]\.image\./,
  ],
]

describe('templateDigest() of every field of a pod', () => {
  const names = fieldPaths('core/v1.PodSpec')
  const base = () => ({
    containers: [{ name: 'c', image: 'i:1' }],
    initContainers: [{ name: 'i', image: 'i:1' }],
    volumes: [{ name: 'v' }],
  })
  const digestWith = (path: string, value: unknown) => {
    const changed: PodSpec = structuredClone(base())
    setField(changed, path, value)
    // A field alone is not enough for some: the list that it is in has no item without it.
    if (path.startsWith('ephemeralContainers[]')) setField(changed, 'ephemeralContainers[].name', 'e')
    return templateDigest({ metadata: {}, spec: changed })
  }
  test('all that are not exempt count, and none that is', () => {
    const wrong = names.filter(({ path, type }) => {
      const first = digestWith(path, sampleOf(type, 1))
      // An empty struct has but one value: it is there, or not.
      const second = type.kind === 'struct' ? templateDigest({ metadata: {}, spec: base() }) : digestWith(path, sampleOf(type, 2))
      return (first === second) !== uncounted.some(([, pattern]) => pattern.test(path))
    })
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    )
  })
  test('every exemption names a field of the schema', () => {
    for (const [why, pattern] of uncounted)
      assert.ok(
        names.some(({ path }) => pattern.test(path)),
        why,
      )
  })
})
