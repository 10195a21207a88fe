// What the simulation needs to know of pods, counted by code of its own.
import type { Pod } from '../../src/api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../../src/api/types/policy-v1.ts'

export const keyOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`

export const isFinished = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false

/** As upstream, a pod that outlives its grace period, on a lost node, is not counted; the time of its deletion includes that period once already. */
export function holdsQuota(pod: Pod, now: number): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata
  const isOverdue = deletionTimestamp !== undefined && Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000 < now
  return !isFinished(pod) && !isOverdue
}

/** The selectors of the simulation's budgets are exact labels. */
export const selectsPod = ({ spec }: PodDisruptionBudget, { metadata }: Pod): boolean =>
  Object.entries(spec?.selector?.matchLabels ?? {}).every(([key, value]) => metadata.labels?.[key] === value)

const milli = (text: string): number => (text.endsWith('m') ? Number(text.slice(0, -1)) : Number(text) * 1000)

/** How much of a quota's resource the pods use; undefined for a resource that the simulation does not count. */
export function amountOf(resource: string, pods: readonly Pod[]): { readonly amount: number; limit(hard: string): number } | undefined {
  if (resource === 'pods') return { amount: pods.length, limit: Number }
  if (resource !== 'requests.cpu' && resource !== 'cpu') return undefined
  const amount = pods.reduce(
    (sum, pod) => sum + pod.spec.containers.reduce((all, each) => all + milli(each.resources?.requests?.['cpu'] ?? '0'), 0),
    0,
  )
  return { amount, limit: milli }
}
