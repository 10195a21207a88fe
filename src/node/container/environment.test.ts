import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Service } from '../../api/types/core-v1.ts'
import { containerOf, podOf } from '../pod/fixture.ts'
import { buildEnvironment, ContainerConfigError, type ObjectSource } from './environment.ts'

const service = (namespace: string, name: string, clusterIP: string): Service => ({
  metadata: { name, namespace },
  spec: { clusterIP, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
})
const objects: ObjectSource = {
  configMap: async (namespace, name) => (name === 'cm' ? { metadata: { name, namespace }, data: { k: 'v', other: 'o' } } : undefined),
  secret: async (namespace, name) =>
    name === 's' ? { metadata: { name, namespace }, data: { p: Buffer.from('x').toString('base64') } } : undefined,
  services: () => [
    service('default', 'kubernetes', '10.96.0.1'),
    service('default', 'my-db', '10.96.0.9'),
    service('default', 'headless', 'None'),
  ],
}
const addresses = { podIps: ['10.0.0.1'], hostIps: ['192.0.2.1'], nodeName: 'n1' }
const node = { milliCpu: 4000, memoryBytes: 1024, ephemeralStorageBytes: 1 }
const { signal } = new AbortController()
const build = (container: Partial<Container>, pod = podOf()) =>
  buildEnvironment({ pod, container: containerOf('c', container), objects, addresses, node }, signal)

test('buildEnvironment() applies envFrom, env, references and services in upstream’s order', async () => {
  const environment = await build({
    envFrom: [{ configMapRef: { name: 'cm' }, prefix: 'P_' }, { secretRef: { name: 's' } }],
    env: [
      { name: 'A', value: '$(P_k)-$(B)' },
      { name: 'B', value: '$(A)' },
      { name: 'DB', value: '$(MY_DB_SERVICE_HOST)' },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'cm', key: 'other' } } },
      { name: 'GONE', valueFrom: { secretKeyRef: { name: 'absent', key: 'x', optional: true } } },
    ],
  })
  assert.equal(environment.get('A'), 'v-$(B)')
  assert.equal(environment.get('B'), 'v-$(B)')
  assert.equal(environment.get('DB'), '10.96.0.9')
  assert.equal(environment.get('IP'), '10.0.0.1')
  assert.equal(environment.get('CPU'), '4')
  assert.equal(environment.get('KEY'), 'o')
  assert.equal(environment.get('p'), 'x')
  assert.equal(environment.has('GONE'), false)
  assert.equal(environment.get('MY_DB_PORT_80_TCP'), 'tcp://10.96.0.9:80')
  assert.equal(environment.get('MY_DB_SERVICE_PORT_HTTP'), '80')
  assert.equal(environment.has('HEADLESS_SERVICE_HOST'), false)
})

test('buildEnvironment() without service links contains only the API server', async () => {
  const environment = await build({}, podOf({ enableServiceLinks: false }))
  assert.equal(environment.get('KUBERNETES_SERVICE_HOST'), '10.96.0.1')
  assert.equal(environment.has('MY_DB_SERVICE_HOST'), false)
})

const failures: [string, Partial<Container>, string][] = [
  ['envFrom ConfigMap', { envFrom: [{ configMapRef: { name: 'no' } }] }, 'configmap "no" not found'],
  ['envFrom Secret', { envFrom: [{ secretRef: { name: 'no' } }] }, 'secret "no" not found'],
  ['ConfigMap', { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'no', key: 'k' } } }] }, 'configmap "no" not found'],
  [
    'ConfigMap key',
    { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'cm', key: 'no' } } }] },
    "couldn't find key no in ConfigMap default/cm",
  ],
  [
    'Secret key',
    { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'no' } } }] },
    "couldn't find key no in Secret default/s",
  ],
]
for (const [name, container, message] of failures) {
  test(`buildEnvironment() rejects a missing ${name}`, async () => {
    await assert.rejects(build(container), (err: unknown) => err instanceof ContainerConfigError && err.message === message)
  })
}
