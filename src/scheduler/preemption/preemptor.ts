// Evicts the victims of a preemption, and records which pod the node is reserved for.
import { isReason } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import { disruptPod } from '../../client/disrupt-pod.ts'
import { type EventRecorder, referenceTo } from '../../client/event-recorder.ts'
import { pods } from '../../client/resources.ts'
import type { ClusterState } from '../framework/cluster-state.ts'
import { priorityOf } from '../framework/node-info.ts'
import { preemptedReason } from './preemption.ts'

export interface PreemptorOptions {
  readonly client: Client
  readonly clock: Clock
  readonly cluster: ClusterState
  readonly events: EventRecorder
  readonly schedulerName: string
}

export class Preemptor {
  readonly #options: PreemptorOptions

  constructor(options: PreemptorOptions) {
    this.#options = options
  }

  /** Reserves the node for the pod. Returns less important pods that waited for it: they no longer do. */
  promise(pod: Pod, node: string): readonly Pod[] {
    const { cluster } = this.#options
    const outdone = cluster.nominatedTo(node).filter(other => priorityOf(other) < priorityOf(pod))
    for (const other of outdone) cluster.dropNomination(other)
    cluster.nominate(pod, node)
    return outdone
  }

  /** The pod no longer waits for a node, so others may use it. */
  async forget(pod: Pod, signal: AbortSignal): Promise<void> {
    this.#options.cluster.dropNomination(pod)
    if ((pod.status?.nominatedNodeName ?? '') !== '') await this.#nominate(pod, null, signal)
  }

  /** Rejects with the first failure; the next try of the pod does the rest. */
  async preempt(pod: Pod, node: string, victims: readonly Pod[], outdone: readonly Pod[], signal: AbortSignal): Promise<void> {
    const { client, clock, events, schedulerName } = this.#options
    const message = `${schedulerName}: preempting to accommodate a higher priority pod`
    await Promise.all(
      victims.map(async victim => {
        await disruptPod(client, victim, { target: { reason: preemptedReason, message } }, clock.now(), signal)
        const why = `Preempted by pod ${pod.metadata.uid} on node ${node}`
        events.record(referenceTo(victim, 'v1', 'Pod'), 'Normal', 'Preempted', why)
      }),
    )
    await Promise.all(outdone.map(other => this.#nominate(other, null, signal)))
    await this.#nominate(pod, node, signal)
  }

  async #nominate({ metadata }: Pod, node: string | null, signal: AbortSignal): Promise<void> {
    const { namespace = '', name = '', uid } = metadata
    const body = { metadata: uid === undefined ? {} : { uid }, status: { nominatedNodeName: node } }
    try {
      await this.#options.client.patch(pods, namespace, name, body, { type: 'strategic', subresource: 'status' }, signal)
    } catch (err) {
      if (!isReason(err, 'NotFound') && !isReason(err, 'Conflict')) throw err
    }
  }
}
