// Finds candidate volumes for a claim without scanning all volumes.
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import type { Informer } from './informer.ts'
import { keyOf, makeKey } from './object-key.ts'
import { claimClass, volumeClass } from './volume-match.ts'

const byClass = 'class'
const byClaim = 'claim'

/** The key of the claim that the volume is reserved for; none or one. */
export function claimKeys({ spec: { claimRef } }: PersistentVolume): string[] {
  return claimRef == null ? [] : [makeKey(claimRef.namespace ?? '', claimRef.name ?? '')]
}

/** Call once for each cache, before it fills. */
export function indexVolumes(cache: Informer<PersistentVolume>): void {
  cache.addIndex(byClass, volume => [volumeClass(volume)])
  cache.addIndex(byClaim, claimKeys)
}

export const volumesOfClaim = (cache: Informer<PersistentVolume>, claimKey: string): readonly PersistentVolume[] =>
  cache.byIndex(byClaim, claimKey)

/** Volumes that were made for the claim, and those of its class. */
export function candidateVolumes(cache: Informer<PersistentVolume>, claim: PersistentVolumeClaim): PersistentVolume[] {
  return [...volumesOfClaim(cache, keyOf(claim)), ...cache.byIndex(byClass, claimClass(claim))]
}
