// Keeps a claim that is being deleted until no pod uses it.

import { claimNameOf } from '../../api/pods/claim-name.ts'
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import type { PersistentVolumeClaim, Pod } from '../../api/types/core-v1.ts'
import { makeKey } from '../../client/cache/object-key.ts'
import { persistentVolumeClaims, pods } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { addFinalizer, hasFinalizer, removeFinalizer } from '../finalizer.ts'
import { controllerOf } from '../owner.ts'

export const pvcProtectionFinalizer = 'kubernetes.io/pvc-protection'
const claimIndex = 'claim'

export const pvcProtection: Controller = {
  name: 'pvc-protection-controller',
  identity: {
    account: 'pvc-protection-controller',
    rules: [rule('get list update watch', 'core', 'persistentvolumeclaims'), rule(read, 'core', 'pods'), recordEvents],
  },
  watches: persistentVolumeClaims,
  follows: [follow({ resource: pods, keys: pod => claimKeys(pod) })],
  begin(context) {
    const claims = context.informers.full(persistentVolumeClaims)
    const podCache = context.informers.full(pods)
    podCache.addIndex(claimIndex, claimKeys)
    return async (key, signal) => {
      const claim = claims.getByKey(key)
      if (claim === undefined) return done
      const isProtected = hasFinalizer(claim, pvcProtectionFinalizer)
      if (claim.metadata.deletionTimestamp === undefined) {
        if (!isProtected) await addFinalizer(context, persistentVolumeClaims, claim, pvcProtectionFinalizer, signal)
        return done
      }
      if (!isProtected || podCache.byIndex(claimIndex, key).some(pod => usesClaim(pod, claim))) return done
      // The cache may lack a pod that was bound just now, and removing the finalizer cannot be undone.
      if (await isUsedNow(context, claim, signal)) return done
      await removeFinalizer(context, persistentVolumeClaims, claim, pvcProtectionFinalizer, signal)
      return done
    }
  },
}

/** Claims that the pod names, including those of its ephemeral volumes. */
function claimKeys(pod: Pod): string[] {
  const { metadata, spec } = pod
  return (spec.volumes ?? []).flatMap(volume => {
    const claim = claimNameOf(pod, volume)
    return claim === undefined ? [] : [makeKey(metadata.namespace ?? '', claim)]
  })
}

/** A pod without a node does not count: the node would not start it with a claim that is being deleted. */
export function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (pod.spec.nodeName === undefined || pod.spec.nodeName === '') return false
  return (pod.spec.volumes ?? []).some(volume => {
    if (volume.persistentVolumeClaim?.claimName === claim.metadata.name) return true
    if (volume.ephemeral == null || `${pod.metadata.name}-${volume.name}` !== claim.metadata.name) return false
    return !isShutDown(pod) && controllerOf(claim)?.uid === pod.metadata.uid
  })
}

/** The node has finished with it, or it was deleted by force: a pod that waits for its own claim would never be removed. */
const isShutDown = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0

async function isUsedNow({ client }: Context, claim: PersistentVolumeClaim, signal: AbortSignal): Promise<boolean> {
  const { namespace = '' } = claim.metadata
  const found = await client.listAll(pods, { namespace }, signal)
  return found.some(pod => usesClaim(pod, claim))
}
