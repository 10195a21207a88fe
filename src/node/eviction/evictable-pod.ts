// A pod of the node that may be ended where the node is short of something.
import type { PodEnd } from '../pod/pod-termination.ts'
import { isCritical } from './eviction-order.ts'
import type { MeasuredPod } from './pod-storage.ts'

/** A pod of the node, and how to end it. */
export interface EvictablePod extends MeasuredPod {
  /** Resolves when nothing of it runs any more. */
  end(why: PodEnd): Promise<void>
}

export const hasEnded = ({ pod }: EvictablePod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

/** Neither over nor going already, and not so important that the node is of no use without it. */
export function isActive(evictable: EvictablePod): boolean {
  return !hasEnded(evictable) && evictable.pod.metadata.deletionTimestamp === undefined && !isCritical(evictable.pod)
}
