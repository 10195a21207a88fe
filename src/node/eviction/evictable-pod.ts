// A pod that the node may evict if it is short of a resource.
import type { PodEnd } from '../pod/pod-termination.ts'
import { isCritical } from './eviction-order.ts'
import type { MeasuredPod } from './pod-storage.ts'

/** A pod of the node, and a way to end it. */
export interface EvictablePod extends MeasuredPod {
  /** Resolves when nothing of it runs any more. */
  end(why: PodEnd): Promise<void>
}

export const hasEnded = ({ pod }: EvictablePod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

/** Neither finished nor terminating, nor so critical that the node needs it. */
export function isActive(evictable: EvictablePod): boolean {
  return !hasEnded(evictable) && evictable.pod.metadata.deletionTimestamp === undefined && !isCritical(evictable.pod)
}
