// Which victims of a preemption would violate their PodDisruptionBudgets. As upstream, budgets are only preferred here. Pure.
import type { Pod } from '../../api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../../api/types/policy-v1.ts'
import { selects } from '../../client/cache/label-selector.ts'

/** In the order of eviction: each pod takes one disruption from every budget that covers it. */
export function splitByBudgets(
  pods: readonly Pod[],
  budgets: readonly PodDisruptionBudget[],
): { readonly violating: readonly Pod[]; readonly others: readonly Pod[] } {
  const left = new Map(budgets.map(budget => [budget, budget.status?.disruptionsAllowed ?? 0]))
  const violating: Pod[] = []
  const others: Pod[] = []
  for (const pod of pods) {
    let violates = false
    for (const budget of budgets) {
      if (!isOver(budget, pod)) continue
      const rest = (left.get(budget) ?? 0) - 1
      left.set(budget, rest)
      if (rest < 0) violates = true
    }
    if (violates) violating.push(pod)
    else others.push(pod)
  }
  return { violating, others }
}

/** A budget without requirements covers no pod; a pod that is already disrupted costs nothing more. */
function isOver({ metadata, spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {}
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return false
  if (metadata.namespace !== pod.metadata.namespace || !selects(spec?.selector, pod.metadata.labels)) return false
  return status?.disruptedPods?.[pod.metadata.name ?? ''] === undefined
}
