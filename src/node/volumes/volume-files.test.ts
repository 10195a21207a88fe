import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { volumeFiles } from './volume-files.ts'

const volume = { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }

async function tokenFile(spec: Partial<PodSpec>) {
  const context = {
    pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'b' }, spec: { containers: [{ name: 'c' }], ...spec } },
    objects: { configMap: async () => undefined, secret: async () => undefined, services: () => [] },
    tokens: { token: async () => 'secret' },
    claims: { volume: async () => assert.fail('no claim is asked for') },
    addresses: { hostIps: [], podIps: [], nodeName: 'n' },
    node: { milliCpu: 1, memoryBytes: 1, ephemeralStorageBytes: 1 },
  }
  const files = await volumeFiles(volume, context, AbortSignal.timeout(60_000))
  const { content: _, ...owner } = files?.get('token') ?? assert.fail('no token')
  return owner
}

const user = (runAsUser: number) => ({ securityContext: { runAsUser } })

for (const { name, spec, owner } of [
  { name: "of a pod that says nothing is everybody's to read", spec: {}, owner: { mode: 0o644 } },
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
