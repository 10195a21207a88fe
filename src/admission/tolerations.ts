// Inclusion and merging of tolerations. Pure.
import type { Toleration } from '../api/types/core-v1.ts'
import { semanticallyEqual } from '../api/validation/semantic-equality.ts'

/** Removes tolerations that another one includes; of equal ones the first stays. */
export function mergeTolerations(all: readonly Toleration[]): Toleration[] {
  const merged: Toleration[] = []
  all.forEach((toleration, index) => {
    if (merged.some(other => includes(other, toleration))) return
    const later = all.slice(index + 1)
    if (later.some(other => !semanticallyEqual(other, toleration) && includes(other, toleration))) return
    merged.push(toleration)
  })
  return merged
}

/** Whether `wide` tolerates every taint that `narrow` does, and for as long. */
export function includes(wide: Toleration, narrow: Toleration): boolean {
  if (semanticallyEqual(wide, narrow)) return true
  const everything = (wide.key ?? '') === '' && wide.operator === 'Exists'
  if ((wide.key ?? '') !== (narrow.key ?? '') && !everything) return false
  if ((wide.effect ?? '') !== '' && wide.effect !== narrow.effect) return false
  const limit = wide.effect === 'NoExecute' ? wide.tolerationSeconds : undefined
  if (limit !== undefined && (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > limit)) return false
  if (wide.operator === 'Exists') return true
  return narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '')
}
