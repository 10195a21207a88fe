import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { templateDigest } from './template-digest.ts'

const spec: PodSpec = { containers: [{ name: 'c', image: 'i:1' }], hostNetwork: true, securityContext: {} }
const digest = (more: Partial<PodSpec> = {}, annotations: Record<string, string> = {}) =>
  templateDigest({ metadata: { annotations }, spec: { ...spec, ...more } })
const container = (more: object) => ({ containers: [{ name: 'c', image: 'i:1', ...more }] })
const armor = 'container.apparmor.security.beta.kubernetes.io/c'

const same: readonly [name: string, digest: () => string][] = [
  [
    'what the API defaults',
    () =>
      digest({
        ...container({ imagePullPolicy: 'Always', resources: {}, terminationMessagePath: '/x' }),
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
      }),
  ],
  [
    'an account and its token',
    () =>
      digest({
        serviceAccountName: 'a',
        volumes: [{ name: 'kube-api-access-x', projected: { sources: [] } }],
        ...container({ volumeMounts: [{ name: 'kube-api-access-x', mountPath: '/v' }] }),
      }),
  ],
  ['requests and limits', () => digest(container({ resources: { limits: { memory: '1Gi' } } }))],
  [
    'claims of a StatefulSet',
    () => digest({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-0' } }], hostname: 'a-0' }),
  ],
  ['placement', () => digest({ nodeName: 'n', tolerations: [{ operator: 'Exists' }], affinity: {}, priority: 0 })],
  [
    'variables of an indexed Job',
    () => digest(container({ env: [{ name: 'X', value: '1' }] }), { 'batch.kubernetes.io/job-completion-index': '1' }),
  ],
  ['an ephemeral container', () => digest({ ephemeralContainers: [{ name: 'e', image: 'x' }] })],
  ['the order of members', () => digest({ hostNetwork: true, containers: [{ image: 'i:1', name: 'c' }] })],
]
for (const [name, other] of same) test(`templateDigest() is the same with ${name}`, () => assert.equal(other(), digest()))

const others: readonly [name: string, digest: () => string][] = [
  ['image', () => digest(container({ image: 'i:2' }))],
  ['command', () => digest(container({ command: ['sh'] }))],
  ['argument', () => digest(container({ args: ['-x'] }))],
  ['setting of a container', () => digest(container({ securityContext: { privileged: true } }))],
  ['setting of the pod', () => digest({ securityContext: { runAsUser: 0 } })],
  ['namespace of the node', () => digest({ hostPID: true })],
  ['host port', () => digest(container({ ports: [{ containerPort: 1, hostPort: 1 }] }))],
  ['folder of the node', () => digest({ volumes: [{ name: 'v', hostPath: { path: '/' } }] })],
  ['container', () => digest({ containers: [...spec.containers, { name: 'd', image: 'i:1' }] })],
  ['init container', () => digest({ initContainers: [{ name: 'd', image: 'i:1' }] })],
  ['seccomp annotation', () => digest({}, { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' })],
  ['AppArmor annotation', () => digest({}, { [armor]: 'unconfined' })],
]
for (const [name, other] of others) test(`templateDigest() is another one with another ${name}`, () => assert.notEqual(other(), digest()))

test('templateDigest() takes an AppArmor profile for the same as field, as annotation and as both', () => {
  const field = container({ securityContext: { appArmorProfile: { type: 'Unconfined' } } })
  const digests = [digest(field), digest({}, { [armor]: 'unconfined' }), digest(field, { [armor]: 'unconfined' })]
  assert.equal(new Set(digests).size, 1)
})
