// The desired number of pods of a pod's controller: for built-in kinds from the caches, for others from their scale subresource.
import { groupVersion, type OwnerReference } from '../api/object.ts'
import { isReason } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { type ResourceRef, resourceRef } from '../client/resource-ref.ts'
import { deployments, replicaSets, replicationControllers, statefulSets } from '../client/resources.ts'
import type { Context } from './controller.ts'
import { controllerOf } from './owner.ts'

export interface ControllerScale {
  readonly uid: string
  readonly replicas: number
}

/** Undefined for a pod without a controller; throws if the controller cannot be found or read. */
export async function scaleOf(context: Context, pod: Pod, signal: AbortSignal): Promise<ControllerScale | undefined> {
  const owner = controllerOf(pod)
  if (owner === undefined) return undefined
  const namespace = pod.metadata.namespace ?? ''
  const found = builtInScale(context, owner, namespace) ?? (await servedScale(context, owner, namespace, signal))
  if (found === undefined) throw new Error(`found no controllers for pod "${pod.metadata.name}"`)
  return found
}

function builtInScale({ informers }: Context, owner: OwnerReference, namespace: string): ControllerScale | undefined {
  const is = (resource: ResourceRef) => owner.kind === resource.kind && owner.apiVersion === groupVersion(resource.group, resource.version)
  if (is(replicaSets)) {
    const set = informers.full(replicaSets).get(namespace, owner.name)
    if (set?.metadata.uid !== owner.uid) return undefined
    const above = controllerOf(set)
    if (above?.kind !== deployments.kind) return { uid: owner.uid, replicas: set.spec.replicas ?? 1 }
    const deployment = informers.full(deployments).get(namespace, above.name)
    return deployment?.metadata.uid === above.uid ? { uid: above.uid, replicas: deployment.spec.replicas ?? 1 } : undefined
  }
  const object = is(statefulSets)
    ? informers.full(statefulSets).get(namespace, owner.name)
    : is(replicationControllers)
      ? informers.full(replicationControllers).get(namespace, owner.name)
      : undefined
  return object?.metadata.uid === owner.uid ? { uid: owner.uid, replicas: object.spec?.replicas ?? 1 } : undefined
}

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string }[]
}

interface Scale {
  readonly metadata?: { readonly uid?: string }
  readonly spec?: { readonly replicas?: number }
}

async function servedScale(
  { client }: Context,
  owner: OwnerReference,
  namespace: string,
  signal: AbortSignal,
): Promise<ControllerScale | undefined> {
  const [version = '', group = ''] = owner.apiVersion.split('/').reverse()
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  try {
    const { resources = [] } = await client.getPath<ResourceList>(path, signal)
    const plural = resources.find(({ name, kind }) => kind === owner.kind && !name.includes('/'))?.name
    if (plural === undefined || !resources.some(({ name }) => name === `${plural}/scale`)) {
      throw new Error(`${plural ?? owner.kind}${group === '' ? '' : `.${group}`} does not implement the scale subresource`)
    }
    const resource = resourceRef(group, version, plural, owner.kind)
    const scale = await client.subresource<Scale>('GET', resource, namespace, owner.name, 'scale', undefined, signal)
    return scale.metadata?.uid === owner.uid ? { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 } : undefined
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  }
}
