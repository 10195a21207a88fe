// How long a crashed container waits for its next start.
import type { Pod } from '../../api/types/core-v1.ts'
import { durationText } from '../../base/async/back-off.ts'
import { fieldPath, type PodContainer, podText, podUid } from '../pod/pod-containers.ts'
import { millis, newestContainer, type PodState } from '../pod/pod-state.ts'
import type { PodNode } from './pod-node.ts'

export interface CrashWait {
  readonly waitMs: number
  /** The reason of the container's waiting state meanwhile. */
  readonly waiting: { readonly reason: string; readonly message: string }
}

/** Undefined if the container may start now; the next crash then doubles the pause. */
export function crashWait(
  { crashes, clock, event }: PodNode,
  pod: Pod,
  state: PodState,
  { spec, kind }: PodContainer,
): CrashWait | undefined {
  const status = newestContainer(state, spec.name)
  if (status?.state !== 'CONTAINER_EXITED') return undefined
  const key = `${podUid(pod)}_${spec.name}`
  const finishedAt = millis(status.finishedAt)
  const waitMs = crashes.remaining(key, finishedAt, clock.now())
  if (waitMs === 0) {
    crashes.next(key, finishedAt, clock.now())
    return undefined
  }
  const message = `back-off ${durationText(crashes.get(key))} restarting failed container=${spec.name} pod=${podText(pod)}`
  const text = `Back-off restarting failed container ${spec.name} in pod ${podText(pod)}`
  event(pod, { path: fieldPath({ kind, spec }) }, 'Warning', 'BackOff', text)
  return { waitMs, waiting: { reason: 'CrashLoopBackOff', message } }
}
