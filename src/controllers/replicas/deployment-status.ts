// The status and conditions of a Deployment, for which `kubectl rollout status` waits. Pure; reasons and messages are upstream's.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/types/apps-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { availableOf, desiredReplicas, rolloutLimits, sizeOf, sum } from './deployment-plan.ts'

const newReplicaSetAvailable = 'NewReplicaSetAvailable'
const timedOutReason = 'ProgressDeadlineExceeded'
const pausedReason = 'DeploymentPaused'

/** The largest int32 means no deadline. */
export function progressDeadline({ spec }: Deployment): number | undefined {
  const seconds = spec.progressDeadlineSeconds
  return seconds === undefined || seconds === 2_147_483_647 ? undefined : seconds
}

export function conditionOf(status: DeploymentStatus | undefined, type: string): DeploymentCondition | undefined {
  return status?.conditions?.find(condition => condition.type === type)
}

export function makeCondition(type: string, status: string, reason: string, message: string, now: number): DeploymentCondition {
  const time = formatTime(now)
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message }
}

/** Replaces the condition of its type. An equal status and reason changes nothing; an equal status keeps its transition time. */
export function withCondition(status: DeploymentStatus, condition: DeploymentCondition): DeploymentStatus {
  const current = conditionOf(status, condition.type)
  if (current?.status === condition.status && current.reason === condition.reason) return status
  const lastTransitionTime = current?.status === condition.status ? current.lastTransitionTime : condition.lastTransitionTime
  return {
    ...status,
    conditions: [...without(status, condition.type), { ...condition, ...(lastTransitionTime ? { lastTransitionTime } : {}) }],
  }
}

function without(status: DeploymentStatus, type: string): DeploymentCondition[] {
  return (status.conditions ?? []).filter(condition => condition.type !== type)
}

export function countStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
  now: number,
): DeploymentStatus {
  const availableReplicas = sum(all, availableOf)
  const pods = (sets: readonly ReplicaSet[]) => sum(sets, ({ status }) => status?.replicas ?? 0)
  const { collisionCount, conditions } = deployment.status ?? {}
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: pods(all),
    updatedReplicas: current === undefined ? 0 : pods([current]),
    readyReplicas: sum(all, ({ status: set }) => set?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum(all, sizeOf) - availableReplicas),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  }
  const enough = availableReplicas >= desiredReplicas(deployment) - rolloutLimits(deployment).unavailable
  return withCondition(
    status,
    enough
      ? makeCondition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now)
      : makeCondition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', now),
  )
}

/** The status after a step of a rollout. */
export function rolloutStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
  now: number,
): DeploymentStatus {
  let status = countStatus(deployment, current, all, now)
  const deadline = progressDeadline(deployment)
  if (deadline === undefined) status = { ...status, conditions: without(status, 'Progressing') }
  const before = conditionOf(deployment.status, 'Progressing')
  const finished = status.replicas === status.updatedReplicas && before?.reason === newReplicaSetAvailable
  if (deadline !== undefined && !finished) status = withProgress(deployment, status, current, before, now)
  const failure = failureOf(all, current)
  return failure === undefined ? { ...status, conditions: without(status, 'ReplicaFailure') } : withCondition(status, failure)
}

function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  current: ReplicaSet | undefined,
  before: DeploymentCondition | undefined,
  now: number,
): DeploymentStatus {
  const what = current === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${current.metadata.name}"`
  if (isComplete(deployment, status)) {
    return withCondition(status, makeCondition('Progressing', 'True', newReplicaSetAvailable, `${what} has successfully progressed.`, now))
  }
  if (isProgressing(deployment, status)) {
    const condition = makeCondition('Progressing', 'True', 'ReplicaSetUpdated', `${what} is progressing.`, now)
    const since = before?.status === 'True' ? before.lastTransitionTime : condition.lastTransitionTime
    // Replaced even if the text is equal: its update time restarts the deadline.
    return { ...status, conditions: [...without(status, 'Progressing'), { ...condition, ...(since ? { lastTransitionTime: since } : {}) }] }
  }
  if (hasTimedOut(deployment, status, now)) {
    return withCondition(status, makeCondition('Progressing', 'False', timedOutReason, `${what} has timed out progressing.`, now))
  }
  return status
}

export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = desiredReplicas(deployment)
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

function isProgressing({ status: old }: Deployment, status: DeploymentStatus): boolean {
  const updated = (of: DeploymentStatus | undefined) => of?.updatedReplicas ?? 0
  const outdated = (of: DeploymentStatus | undefined) => (of?.replicas ?? 0) - updated(of)
  return (
    updated(status) > updated(old) ||
    outdated(status) < outdated(old) ||
    (status.readyReplicas ?? 0) > (old?.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old?.availableReplicas ?? 0)
  )
}

function hasTimedOut(deployment: Deployment, status: DeploymentStatus, now: number): boolean {
  const deadline = progressDeadline(deployment)
  const condition = conditionOf(status, 'Progressing')
  if (deadline === undefined || condition === undefined || condition.reason === newReplicaSetAvailable) return false
  if (condition.reason === timedOutReason) return true
  return (Date.parse(condition.lastUpdateTime ?? '') || 0) + deadline * 1000 < now
}

/** Milliseconds until a stalled rollout must be checked; undefined if there is nothing to check. */
export function untilDeadline(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const deadline = progressDeadline(deployment)
  const condition = conditionOf(status, 'Progressing')
  if (deadline === undefined || condition === undefined) return undefined
  if (isComplete(deployment, status) || condition.reason === timedOutReason || condition.reason === newReplicaSetAvailable) return undefined
  return Math.max(0, (Date.parse(condition.lastUpdateTime ?? '') || 0) + deadline * 1000 - now) + 1000
}

function failureOf(all: readonly ReplicaSet[], current: ReplicaSet | undefined): DeploymentCondition | undefined {
  const failureIn = (set: ReplicaSet | undefined) => set?.status?.conditions?.find(({ type }) => type === 'ReplicaFailure')
  const failure = failureIn(current) ?? all.map(failureIn).find(found => found !== undefined)
  if (failure === undefined) return undefined
  const { status, reason, message, lastTransitionTime } = failure
  const time = lastTransitionTime ?? null
  return {
    type: 'ReplicaFailure',
    status,
    lastUpdateTime: time,
    lastTransitionTime: time,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  }
}

/** The condition for pausing or resuming; undefined if nothing changes. */
export function pauseCondition(deployment: Deployment, now: number): DeploymentCondition | undefined {
  const condition = conditionOf(deployment.status, 'Progressing')
  if (progressDeadline(deployment) === undefined || condition?.reason === timedOutReason) return undefined
  const paused = deployment.spec.paused === true
  const known = condition?.reason === pausedReason
  if (paused && !known) return makeCondition('Progressing', 'Unknown', pausedReason, 'Deployment is paused', now)
  if (!paused && known) return makeCondition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', now)
  return undefined
}
