// Why a pod as a whole is ended for good, whatever its containers do.
import type { PodCondition } from '../../api/types/core-v1.ts'

export interface PodEnd {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** In place of the pod's own. */
  readonly graceSeconds?: number
  readonly conditions?: readonly PodCondition[]
  /** Of its event. */
  readonly annotations?: Readonly<Record<string, string>>
}

export const deadlineExceeded: PodEnd = {
  type: 'Normal',
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}
