// The reason for ending a whole pod, independent of its containers.
import type { PodCondition } from '../../api/types/core-v1.ts'

export interface PodEnd {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** Replaces the pod's own grace period. */
  readonly graceSeconds?: number
  readonly conditions?: readonly PodCondition[]
  /** Reason of its event. */
  readonly annotations?: Readonly<Record<string, string>>
}

export const deadlineExceeded: PodEnd = {
  type: 'Normal',
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}
