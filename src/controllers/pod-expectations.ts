// Feeds events of the pod cache into the expectations of a controller that owns pods.
import { groupVersion } from '../api/object.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { keyOf, makeKey } from '../client/cache/object-key.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import { pods } from '../client/resources.ts'
import type { Context } from './controller.ts'
import { Expectations } from './expectations.ts'
import { controllerOf } from './owner.ts'

/** The key of the object of `resource` that controls the pod. */
export function controllerKey(pod: Pod, resource: ResourceRef): string | undefined {
  const owner = controllerOf(pod)
  if (owner?.kind !== resource.kind || owner.apiVersion !== groupVersion(resource.group, resource.version)) return undefined
  return makeKey(pod.metadata.namespace ?? '', owner.name)
}

/** Expectations by key of the pods' owner. Call once, in `begin`, before the caches fill. */
export function expectPods({ informers, enqueue }: Context, resource: ResourceRef): Expectations {
  const expectations = new Expectations(enqueue)
  const owners = informers.full(resource)
  // A recreated owner starts without expectations, and pods of the former one do not count for it.
  owners.onChange({
    update: (object, old) => {
      if (object.metadata.uid !== old.metadata.uid) expectations.forget(keyOf(old))
    },
    delete: object => expectations.forget(keyOf(object)),
  })
  const ownerKey = (pod: Pod) => {
    const key = controllerKey(pod, resource)
    return key !== undefined && owners.getByKey(key)?.metadata.uid === controllerOf(pod)?.uid ? key : undefined
  }
  const gone = (pod: Pod) => {
    const key = ownerKey(pod)
    if (key !== undefined) expectations.deleted(key, pod.metadata.uid ?? '')
  }
  informers.full(pods).onChange({
    add: pod => {
      const key = ownerKey(pod)
      if (key !== undefined) expectations.created(key)
      // Created and deleted while the watch was interrupted.
      if (pod.metadata.deletionTimestamp !== undefined) gone(pod)
    },
    update: pod => {
      if (pod.metadata.deletionTimestamp !== undefined) gone(pod)
    },
    delete: gone,
  })
  return expectations
}
