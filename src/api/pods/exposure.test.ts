import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec, Service } from '../types/core-v1.ts'
import type { Ingress } from '../types/networking-v1.ts'
import { isExposed } from './exposure.ts'

const pod = (spec: Partial<PodSpec> = {}) => ({
  metadata: { labels: { app: 'web', tier: 'front' } },
  spec: { containers: [{ name: 'a' }], ...spec },
})
const service = (spec: NonNullable<Service['spec']>, name = 'web'): Service => ({
  metadata: { name },
  spec: { selector: { app: 'web' }, ...spec },
})
const ingress = (name: string): Ingress => ({
  metadata: { name: 'i' },
  spec: { rules: [{ http: { paths: [{ pathType: 'Prefix', backend: { service: { name, port: { number: 80 } } } }] } }] },
})

const rows: readonly [name: string, found: boolean, want: boolean][] = [
  ['no Service', isExposed(pod(), [], []), false],
  ['a ClusterIP Service', isExposed(pod(), [service({})], []), false],
  ['a NodePort Service', isExposed(pod(), [service({ type: 'NodePort' })], []), true],
  ['a LoadBalancer Service', isExposed(pod(), [service({ type: 'LoadBalancer' })], []), true],
  ['external addresses', isExposed(pod(), [service({ externalIPs: ['203.0.113.1'] })], []), true],
  ['a Service of other pods', isExposed(pod(), [service({ type: 'NodePort', selector: { app: 'web', tier: 'back' } })], []), false],
  ['a Service without a selector', isExposed(pod(), [service({ type: 'NodePort', selector: {} })], []), false],
  ['an Ingress', isExposed(pod(), [service({})], [ingress('web')]), true],
  ['an Ingress of another Service', isExposed(pod(), [service({})], [ingress('other')]), false],
  ['a default backend', isExposed(pod(), [service({})], [{ metadata: {}, spec: { defaultBackend: { service: { name: 'web' } } } }]), true],
  ['a port of the node', isExposed(pod({ containers: [{ name: 'a', ports: [{ containerPort: 80, hostPort: 80 }] }] }), [], []), true],
  ["the node's network", isExposed(pod({ hostNetwork: true }), [], []), true],
]
for (const [name, found, want] of rows) test(`isExposed() ${want ? 'sees' : 'ignores'} ${name}`, () => assert.equal(found, want))
