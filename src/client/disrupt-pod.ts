// Ends a pod for the cluster's sake, and says so on it first: what its controller and `kubectl describe` read.
import { isReason } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { formatTime } from '../base/clock.ts'
import type { Client } from './client.ts'
import { pods } from './resources.ts'

export interface Disruption {
  /** Of the condition DisruptionTarget. */
  readonly reason: string
  readonly message: string
  /** Written with the condition where nobody is left to write it. */
  readonly phase?: 'Failed'
  /** Default: the pod's own. */
  readonly gracePeriodSeconds?: number
}

/** A pod that is gone, or replaced by another of its name, is success. */
export async function disruptPod(client: Client, pod: Pod, disruption: Disruption, now: number, signal: AbortSignal): Promise<void> {
  const { namespace = '', name = '', uid } = pod.metadata
  const { reason, message, phase, gracePeriodSeconds } = disruption
  const condition = { type: 'DisruptionTarget', status: 'True', reason, message, lastTransitionTime: formatTime(now) }
  const identity = uid === undefined ? {} : { uid }
  const body = { metadata: identity, status: { ...(phase === undefined ? {} : { phase }), conditions: [condition] } }
  try {
    await client.patch(pods, namespace, name, body, { type: 'strategic', subresource: 'status' }, signal)
    await client.delete(pods, namespace, name, { ...identity, ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) }, signal)
  } catch (err) {
    if (!isReason(err, 'NotFound') && !isReason(err, 'Conflict')) throw err
  }
}
