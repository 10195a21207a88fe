// Whether a PodDisruptionBudget allows the eviction of a pod, and how an eviction counts against it.

import { SelectorError } from '../../api/selectors/label-selector-syntax.ts'
import { compileLabelSelector, type LabelSelection } from '../../api/selectors/selector.ts'
import { type ApiError, forbidden, tooManyRequests } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Condition } from '../../api/types/meta-v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/types/policy-v1.ts'
import { formatTime } from '../../base/clock.ts'

const named = { group: 'policy', plural: 'poddisruptionbudget' }
const allowedCondition = 'DisruptionAllowed'
/** More unconfirmed evictions than this mean that the controller does not run. */
const maxDisruptedPods = 2000

/** Whether the budget is about the pod. One with a selector that cannot be read is about none. */
export function covers({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  let selection: LabelSelection
  try {
    selection = compileLabelSelector(spec?.selector)
  } catch (err) {
    if (err instanceof SelectorError) return false
    throw err
  }
  return selection.matches(pod.metadata.labels)
}

/** A pod that is not ready disrupts nothing if the budget says so, or if the budget is satisfied without it. */
export function allowsUnreadyEviction({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return currentHealthy >= desiredHealthy && desiredHealthy > 0
}

/** The budget with one allowed eviction less. Throws the 429 or 403 if there is none. Pure; `now` in milliseconds since the epoch. */
export function withEviction(budget: PodDisruptionBudget, podName: string, now: number): PodDisruptionBudget {
  const name = budget.metadata.name ?? ''
  const status: PodDisruptionBudgetStatus = budget.status ?? {
    disruptionsAllowed: 0,
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
  }
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) throw budgetNotObserved(name)
  const allowed = status.disruptionsAllowed ?? 0
  if (allowed < 0) throw forbidden(named, name, 'pdb disruptions allowed is negative')
  if (Object.keys(status.disruptedPods ?? {}).length > maxDisruptedPods) {
    throw forbidden(named, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  }
  if (allowed === 0) throw refusal(exhausted(name, status), 0)
  const left: PodDisruptionBudgetStatus = {
    ...status,
    disruptionsAllowed: allowed - 1,
    disruptedPods: { ...status.disruptedPods, [podName]: formatTime(now) },
  }
  if (left.disruptionsAllowed === 0) left.conditions = withNothingAllowed(status, now)
  return { ...budget, status: left }
}

function exhausted(name: string, { conditions, desiredHealthy = 0, currentHealthy = 0 }: PodDisruptionBudgetStatus): string {
  const condition = conditions?.find(({ type }) => type === allowedCondition)
  if (condition?.status === 'False' && condition.reason === 'SyncFailed') {
    return `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${condition.message}`
  }
  return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
}

/** The budget's status does not match its newest spec, or the pod has changed. */
export function budgetNotObserved(name: string): ApiError {
  return refusal(`The disruption budget ${name} is still being processed by the server.`, 10)
}

function refusal(message: string, retryAfterSeconds: number): ApiError {
  const error = tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfterSeconds)
  error.status.details = {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
  }
  return error
}

function withNothingAllowed({ conditions = [], observedGeneration }: PodDisruptionBudgetStatus, now: number): Condition[] {
  const before = conditions.find(({ type }) => type === allowedCondition)
  const condition: Condition = {
    type: allowedCondition,
    status: 'False',
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : formatTime(now),
    reason: 'InsufficientPods',
    message: '',
  }
  return before === undefined ? [...conditions, condition] : conditions.map(each => (each === before ? condition : each))
}
