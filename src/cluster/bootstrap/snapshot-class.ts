// The class of snapshots of volumes on nodes' disks, which every cluster has.
import type { KubeObject } from '../../api/object.ts'
import { localClassName, localDriver } from '../../api/volumes/local-volume-names.ts'
import { defaultSnapshotClassAnnotation, snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { ServedResources } from '../../server/resource/served-resource.ts'

const apiVersion = `${snapshotGroup}/v1`
const kind = 'VolumeSnapshotClass'

export const localSnapshotClass: KubeObject & Record<string, unknown> = {
  apiVersion,
  kind,
  metadata: { name: localClassName, annotations: { [defaultSnapshotClassAnnotation]: 'true' } },
  driver: localDriver,
  deletionPolicy: 'Delete',
}

/** A definition that was just created is served within milliseconds, unless another one has its names. */
const mostMs = 5_000

/** Whether the class can be created: an administrator may have replaced its definition by one that serves another version. */
export async function servesSnapshotClasses(resources: ServedResources, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const isServed = () => resources.byKind(apiVersion, kind) !== undefined
  if (isServed()) return true
  const { promise, resolve } = Promise.withResolvers<void>()
  resources.onChange(() => {
    if (isServed()) resolve()
  })
  const stop = new AbortController()
  await Promise.race([promise, pause(clock, mostMs, AbortSignal.any([signal, stop.signal]))])
  stop.abort()
  return isServed()
}
