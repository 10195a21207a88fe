// The target of an autoscaler: any kind with a scale subresource, built in or custom.
import { isReason } from '../../api/status.ts'
import type { Scale } from '../../api/types/autoscaling-v1.ts'
import type { CrossVersionObjectReference } from '../../api/types/autoscaling-v2.ts'
import type { Client } from '../../client/client.ts'
import type { ResourceRef } from '../../client/resource-ref.ts'
import { parseGroupVersion, type ServedGroups } from '../served-groups.ts'

export interface Target {
  readonly resource: ResourceRef
  readonly namespace: string
  readonly name: string
  readonly scale: Scale
}

/** Controllers update the status of their objects often, so a scale that was just read is often outdated. */
const maxAttempts = 5

/** Rejects in upstream's words if the kind, the object or its scale does not exist. */
export async function readTarget(
  client: Client,
  groups: ServedGroups,
  namespace: string,
  { apiVersion = '', kind, name }: CrossVersionObjectReference,
  signal: AbortSignal,
): Promise<Target> {
  const resource = await groups.resourceOf(parseGroupVersion(apiVersion).group, kind, signal)
  const scale = await client.subresource<Scale>('GET', resource, namespace, name, 'scale', undefined, signal)
  return { resource, namespace, name, scale }
}

/** Rejects with a conflict if it was scaled since it was read: the decision is no longer valid. */
export async function scaleTarget(client: Client, target: Target, replicas: number, signal: AbortSignal): Promise<void> {
  const { resource, namespace, name } = target
  let { scale } = target
  for (let attempt = 1; ; attempt++) {
    try {
      const wanted = { ...scale, spec: { ...scale.spec, replicas } }
      await client.subresource<Scale>('PUT', resource, namespace, name, 'scale', wanted, signal)
      return
    } catch (err) {
      if (!isReason(err, 'Conflict') || attempt === maxAttempts) throw err
      const now = await client.subresource<Scale>('GET', resource, namespace, name, 'scale', undefined, signal)
      const same = now.metadata.uid === scale.metadata.uid && (now.spec.replicas ?? 0) === (scale.spec.replicas ?? 0)
      if (!same) throw err
      scale = now
    }
  }
}
