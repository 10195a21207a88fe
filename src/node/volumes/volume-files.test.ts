import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forbidden } from '../../api/status.ts'
import type { Pod, PodSpec } from '../../api/types/core-v1.ts'
import { volumeFiles } from './volume-files.ts'

const volume = { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }

const baseContext = {
  objects: { configMap: async () => undefined, secret: async () => undefined, services: () => [] },
  tokens: { token: async () => 'secret' },
  claims: { volume: async () => assert.fail('no claim is read') },
  addresses: { hostIps: [], podIps: [], nodeName: 'n' },
  node: { milliCpu: 1, memoryBytes: 1, ephemeralStorageBytes: 1 },
}

async function tokenFile(spec: Partial<PodSpec>) {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'b' }, spec: { containers: [{ name: 'c' }], ...spec } }
  const files = await volumeFiles(volume, { ...baseContext, pod }, AbortSignal.timeout(60_000))
  const { content: _, ...owner } = files?.get('token') ?? assert.fail('no token')
  return owner
}

const user = (runAsUser: number) => ({ securityContext: { runAsUser } })

for (const { name, spec, owner } of [
  { name: 'of a pod without a securityContext is world-readable', spec: {}, owner: { mode: 0o644 } },
  { name: 'belongs to the user of the pod', spec: user(1000), owner: { mode: 0o600, uid: 1000 } },
  { name: 'is for the group to extend', spec: { securityContext: { fsGroup: 10 } }, owner: { mode: 0o600 } },
  {
    name: 'belongs to the user also beside a group',
    spec: { securityContext: { runAsUser: 1000, fsGroup: 10 } },
    owner: { mode: 0o600, uid: 1000 },
  },
  {
    name: 'belongs to nobody where containers differ',
    spec: { ...user(1), containers: [{ name: 'c' }, { name: 'd', ...user(2) }] },
    owner: { mode: 0o644 },
  },
  {
    name: 'belongs to nobody where one says nothing',
    spec: { containers: [{ name: 'c' }], initContainers: [{ name: 'd', ...user(2) }] },
    owner: { mode: 0o644 },
  },
]) {
  test(`volumeFiles() a token ${name}`, async () => assert.deepEqual(await tokenFile(spec), owner))
}

test('volumeFiles() omits the mounted token until the account has a right and after it lost all, but never other tokens', async () => {
  const projected = {
    sources: [
      { serviceAccountToken: { path: 'token' } },
      { downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.name' } }] } },
    ],
  }
  const namesOf = async (name: string, conditions: object[], token: () => Promise<string> = async () => 'secret') => {
    const metadata = { name: 'a', namespace: 'b', annotations: { 'bulkhead.dev/token': 'with-first-right' } }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'c' }] }, status: { conditions } }
    const files = await volumeFiles(
      { name, projected },
      { ...baseContext, pod: pod as Pod, tokens: { token } },
      AbortSignal.timeout(60_000),
    )
    return [...(files?.keys() ?? [])]
  }
  const granted = [{ type: 'bulkhead.dev/Token', status: 'True' }]
  const refused = async () => Promise.reject(forbidden({ group: '', plural: 'serviceaccounts' }, 'a', 'no right'))
  assert.deepEqual(await namesOf('kube-api-access-x', []), ['n'])
  assert.deepEqual(await namesOf('kube-api-access-x', [{ type: 'bulkhead.dev/Token', status: 'False' }]), ['n'])
  assert.deepEqual(await namesOf('kube-api-access-x', granted), ['token', 'n'])
  assert.deepEqual(await namesOf('kube-api-access-x', granted, refused), ['n'])
  assert.deepEqual(await namesOf('own', []), ['token', 'n'])
  await assert.rejects(namesOf('own', [], refused), /no right/)
})
