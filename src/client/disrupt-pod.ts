// Ends a pod for the cluster's sake, and first writes the reason into its status, for its controller and `kubectl describe`.
import { isReason } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { formatTime } from '../base/clock.ts'
import type { Client } from './client.ts'
import { pods } from './resources.ts'

export interface Disruption {
  /** The condition DisruptionTarget. */
  readonly target?: { readonly reason: string; readonly message: string }
  /** Written if no agent is left to write it. */
  readonly phase?: 'Failed'
  /** Default: that of the pod. */
  readonly gracePeriodSeconds?: number
}

/**
 * Succeeds if the pod no longer exists or was replaced by another of its name. With a phase it rejects with a Conflict if `pod` is not the
 * newest copy, because the pod may have succeeded since.
 */
export async function disruptPod(client: Client, pod: Pod, disruption: Disruption, now: number, signal: AbortSignal): Promise<void> {
  const { namespace = '', name = '', uid, resourceVersion } = pod.metadata
  const { target, phase, gracePeriodSeconds } = disruption
  const identity = uid === undefined ? {} : { uid }
  const conditions = target && [{ type: 'DisruptionTarget', status: 'True', ...target, lastTransitionTime: formatTime(now) }]
  const known = phase !== undefined && resourceVersion !== undefined ? { ...identity, resourceVersion } : identity
  const status = { ...(phase && { phase }), ...(conditions && { conditions }) }
  try {
    if (phase !== undefined || target !== undefined)
      await client.patch(pods, namespace, name, { metadata: known, status }, { type: 'strategic', subresource: 'status' }, signal)
    await client.delete(pods, namespace, name, { ...identity, ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) }, signal)
  } catch (err) {
    const isOver = isReason(err, 'NotFound') || (isReason(err, 'Conflict') && phase === undefined)
    if (!isOver) throw err
  }
}
