// Makes the claims of a StatefulSet's pods, and sets by whom they are deleted.
import { isReason } from '../api/status.ts'
import type { StatefulSet } from '../api/types/apps-v1.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { messageOf } from '../base/user-error.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { persistentVolumeClaims } from '../client/resources.ts'
import type { Context } from './controller.ts'
import { isNamespaceEnding } from './pod-control.ts'
import { claimOwners, claimsOf, podName } from './stateful-pod.ts'

/** Throws where a claim of this name is on its way out: the pod must not be given storage that goes. */
export async function createClaims(
  { client, informers, events }: Context,
  set: StatefulSet,
  ordinal: number,
  signal: AbortSignal,
): Promise<void> {
  const { namespace = '' } = set.metadata
  const cache = informers.full(persistentVolumeClaims)
  const pod = podName(set, ordinal)
  for (const claim of claimsOf(set, ordinal)) {
    const name = claim.metadata.name ?? ''
    const found = cache.get(namespace, name)
    if (found?.metadata.deletionTimestamp !== undefined) throw new Error(`pvc ${name} is being deleted`)
    // Left to a former pod of the ordinal: the garbage collector is about to take it.
    if (found?.metadata.ownerReferences?.some(({ kind }) => kind === 'Pod') === true)
      throw new Error(`pvc ${name} goes with a pod that is gone`)
    if (found !== undefined) continue
    const reference = referenceTo(set, 'apps/v1', 'StatefulSet')
    const subject = `Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name}`
    try {
      await client.create(persistentVolumeClaims, namespace, claim, signal)
      events.record(reference, 'Normal', 'SuccessfulCreate', `create ${subject} success`)
    } catch (err) {
      if (isReason(err, 'AlreadyExists')) continue
      if (!isNamespaceEnding(err) && !signal.aborted)
        events.record(reference, 'Warning', 'FailedCreate', `create ${subject} failed error: ${messageOf(err)}`)
      throw err
    }
  }
}

export async function keepClaimOwners(
  { client, informers }: Context,
  set: StatefulSet,
  pod: Pod,
  ordinal: number,
  signal: AbortSignal,
): Promise<void> {
  const cache = informers.full(persistentVolumeClaims)
  for (const { metadata } of claimsOf(set, ordinal)) {
    const claim = cache.get(set.metadata.namespace ?? '', metadata.name ?? '')
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) continue
    const ownerReferences = claimOwners(set, pod, claim, ordinal)
    if (ownerReferences === undefined) continue
    await client.update(persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, ownerReferences } }, signal)
  }
}
