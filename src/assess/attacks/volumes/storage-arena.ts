// Where the path from a node to its storage is attacked: a driver that requests tokens, a volume of it with a Secret for the mount, and a pod on a node that
// claims it. The driver runs nowhere: what counts is who gets what it would ask for.
import type { Pod } from '../../../api/types/core-v1.ts'
import { csiDrivers, persistentVolumeClaims, persistentVolumes, pods, secrets } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'

export interface StorageArena extends AsyncDisposable {
  readonly driver: string
  /** What the driver requests tokens for. */
  readonly audience: string
  readonly volume: string
  /** Bound to the node; uses the claim `data` as the account `mine`, whose mount needs the Secret `mount`. */
  readonly pod: Pod
  /** Bound to the node, of the same account, without the claim. */
  readonly plain: Pod
}

export const tokenSeconds = 900

export async function storageArena(
  { client, run }: ProofContext,
  namespace: ProofNamespace,
  node: string,
  signal: AbortSignal,
): Promise<StorageArena> {
  const { name } = namespace
  const [driver, audience] = [`${name}.example.com`, `storage.${name}`]
  const remove = async () => {
    const until = AbortSignal.timeout(30_000)
    // Each may be missing, if the arena is only half made.
    await client.delete(persistentVolumes, '', name, {}, until).catch(() => undefined)
    await client.delete(csiDrivers, '', driver, {}, until).catch(() => undefined)
  }
  try {
    const labels = { ...run.labels }
    const tokenRequests = [{ audience, expirationSeconds: tokenSeconds }]
    const driverSpec = { attachRequired: false, podInfoOnMount: true, storageCapacity: false, tokenRequests }
    await client.create(csiDrivers, '', { metadata: { name: driver, labels }, spec: driverSpec }, signal)
    await namespace.account('mine', signal)
    await client.create(secrets, name, { metadata: { name: 'mount' }, ...{ stringData: { password: name } } }, signal)
    await client.create(
      persistentVolumes,
      '',
      {
        metadata: { name, labels },
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '1Mi' },
          persistentVolumeReclaimPolicy: 'Retain',
          claimRef: { namespace: name, name: 'data' },
          csi: { driver, volumeHandle: name, nodePublishSecretRef: { namespace: name, name: 'mount' } },
        },
      },
      signal,
    )
    const claim = { storageClassName: '', volumeName: name, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } }
    await client.create(persistentVolumeClaims, name, { metadata: { name: 'data' }, spec: claim }, signal)
    const on = { nodeName: node, serviceAccountName: 'mine' }
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }]
    const pod = await client.create(pods, name, podObject('user', harmlessSpec({ ...on, volumes })), signal)
    const plain = await client.create(pods, name, podObject('plain', harmlessSpec(on)), signal)
    return { driver, audience, volume: name, pod, plain, [Symbol.asyncDispose]: remove }
  } catch (err) {
    await remove()
    throw err
  }
}
