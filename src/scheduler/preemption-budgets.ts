// Which victims of a preemption their PodDisruptionBudgets would not let go. Budgets are a wish here, as upstream has it. Pure.
import type { Pod } from '../api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../api/types/policy-v1.ts'
import { selects } from '../client/label-selector.ts'

/** In the order in which the pods would go: each takes one disruption of every budget that is over it. */
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

/** A budget without requirements is over no pod; one that is on its way out already costs nothing more. */
function isOver({ metadata, spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {}
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return false
  if (metadata.namespace !== pod.metadata.namespace || !selects(spec?.selector, pod.metadata.labels)) return false
  return status?.disruptedPods?.[pod.metadata.name ?? ''] === undefined
}
