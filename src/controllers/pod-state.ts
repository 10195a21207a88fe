// Facts of a pod that controllers need.
import type { ContainerStatus, Pod, PodCondition } from '../api/types/core-v1.ts'

/** Not finished and not being deleted. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && pod.metadata.deletionTimestamp === undefined
}

export function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

export function podCondition({ status }: Pod, type: string): PodCondition | undefined {
  return status?.conditions?.find(condition => condition.type === type)
}

export function isReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True'
}

/** Since when the pod is ready, in ms since the epoch; undefined while it is not. */
export function readySince(pod: Pod): number | undefined {
  const condition = podCondition(pod, 'Ready')
  if (condition?.status !== 'True') return undefined
  return Date.parse(condition.lastTransitionTime ?? '') || 0
}

/** Without a time of its readiness, a pod is available only if `minReadySeconds` is 0. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const since = readySince(pod)
  return since !== undefined && (minReadySeconds === 0 || (since > 0 && since + minReadySeconds * 1000 <= now))
}

export function restarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))
}

export function sidecarRestarts(pod: Pod): number {
  return Math.max(0, ...sidecarStatuses(pod).map(({ restartCount }) => restartCount))
}

/** Init containers that keep running beside the others. */
export function sidecarStatuses({ spec, status }: Pod): ContainerStatus[] {
  const sidecars = new Set((spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name))
  return (status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))
}
