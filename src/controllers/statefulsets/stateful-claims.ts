// Creates the claims of a StatefulSet's pods, and sets their owners.

import { aggregated } from '../../api/go-text/aggregate-message.ts'
import { isReason } from '../../api/status.ts'
import type { StatefulSet } from '../../api/types/apps-v1.ts'
import type { PersistentVolumeClaim, Pod } from '../../api/types/core-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { persistentVolumeClaims } from '../../client/resources.ts'
import type { Context } from '../controller.ts'
import { isNamespaceEnding } from '../pod-control.ts'
import { claimOwners, claimsOf, podName } from './stateful-pod.ts'

/** Whether a claim is being deleted with a former pod of the ordinal: the garbage collector is about to delete it. */
export function hasStaleClaim({ informers }: Context, set: StatefulSet, ordinal: number): boolean {
  if ((set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled ?? 'Retain') === 'Retain') return false
  const cache = informers.full(persistentVolumeClaims)
  const owners = claimsOf(set, ordinal).flatMap(
    ({ metadata }) => cache.get(set.metadata.namespace ?? '', metadata.name ?? '')?.metadata.ownerReferences ?? [],
  )
  return owners.some(({ apiVersion, kind, name }) => apiVersion === 'v1' && kind === 'Pod' && name === podName(set, ordinal))
}

/** Tries all, and throws if one cannot be created or is being deleted: the pod must not get storage that disappears. */
export async function createClaims(context: Context, set: StatefulSet, ordinal: number, signal: AbortSignal): Promise<void> {
  const cache = context.informers.full(persistentVolumeClaims)
  const failures: string[] = []
  for (const claim of claimsOf(set, ordinal)) {
    const name = claim.metadata.name ?? ''
    const found = cache.get(set.metadata.namespace ?? '', name)
    if (found?.metadata.deletionTimestamp !== undefined) failures.push(`pvc ${name} is being deleted`)
    if (found !== undefined) continue
    const err = await createClaim(context, set, claim, ordinal, signal)
    if (err === undefined) continue
    if (isNamespaceEnding(err)) throw err
    failures.push(`failed to create PVC ${name}: ${messageOf(err)}`)
  }
  if (failures.length > 0) throw new Error(aggregated(failures))
}

/** Returns the failures. */
async function createClaim(
  { client, events }: Context,
  set: StatefulSet,
  claim: PersistentVolumeClaim,
  ordinal: number,
  signal: AbortSignal,
): Promise<unknown> {
  const reference = referenceTo(set, 'apps/v1', 'StatefulSet')
  const subject = `Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`
  const { name } = claim.metadata
  try {
    await client.create(persistentVolumeClaims, set.metadata.namespace ?? '', claim, signal)
    events.record(reference, 'Normal', 'SuccessfulCreate', `create Claim ${name} ${subject} success`)
    return undefined
  } catch (err) {
    if (isReason(err, 'AlreadyExists')) return undefined
    if (signal.aborted) throw err
    if (!isNamespaceEnding(err))
      events.record(reference, 'Warning', 'FailedCreate', `create Claim ${name} for ${subject} failed error: ${messageOf(err)}`)
    return err
  }
}

/** Whether owners were changed. */
export async function keepClaimOwners(
  { client, informers, events }: Context,
  set: StatefulSet,
  pod: Pod,
  ordinal: number,
  signal: AbortSignal,
): Promise<boolean> {
  const cache = informers.full(persistentVolumeClaims)
  let changed = false
  for (const { metadata } of claimsOf(set, ordinal)) {
    const claim = cache.get(set.metadata.namespace ?? '', metadata.name ?? '')
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) continue
    const { wanted, conflict } = claimOwners(set, pod, claim, ordinal)
    if (conflict && (wanted !== undefined || pod.status?.phase === 'Pending')) {
      const message = `PersistentVolumeClaim ${metadata.name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`
      events.record(referenceTo(set, 'apps/v1', 'StatefulSet'), 'Warning', 'ConflictingController', message)
    }
    if (wanted === undefined) continue
    await client.update(persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, ownerReferences: wanted } }, signal)
    changed = true
  }
  return changed
}
