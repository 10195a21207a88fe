// The rules of a ClusterRole with an aggregationRule: those of the roles that its selectors match.
import { writeJson } from '../../base/write-json.ts'
import type { ClusterRole, LabelSelector, PolicyRule } from './rbac-object.ts'

/** An empty selector matches everything, as for metav1.LabelSelector; an unknown operator matches nothing. */
function labelsMatch(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (!Object.hasOwn(labels, key) || labels[key] !== value) return false
  }
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined
    if (operator === 'In') return value !== undefined && values.includes(value)
    if (operator === 'NotIn') return value === undefined || !values.includes(value)
    if (operator === 'Exists') return value !== undefined
    return operator === 'DoesNotExist' && value === undefined
  })
}

export function aggregationSelects(target: ClusterRole, role: ClusterRole): boolean {
  const selectors = target.aggregationRule?.clusterRoleSelectors ?? []
  return selectors.some(selector => labelsMatch(selector, role.metadata.labels ?? {}))
}

/**
 * The rules that `target` should have, from all ClusterRoles `among`: selector after selector, roles by name, each rule once, as upstream's
 * clusterrole-aggregation controller. Undefined if `target` does not aggregate.
 */
export function aggregatedRules(target: ClusterRole, among: readonly ClusterRole[]): PolicyRule[] | undefined {
  const selectors = target.aggregationRule?.clusterRoleSelectors
  if (selectors === undefined) return undefined
  const ordered = among.filter(role => role.metadata.name !== target.metadata.name).sort(byName)
  const rules = new Map<string, PolicyRule>()
  for (const selector of selectors) {
    for (const role of ordered) {
      if (!labelsMatch(selector, role.metadata.labels ?? {})) continue
      for (const rule of role.rules ?? []) {
        const key = ruleKey(rule)
        if (!rules.has(key)) rules.set(key, rule)
      }
    }
  }
  return [...rules.values()]
}

/** Equal for rules with the same values in the same order. */
export function ruleKey({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string {
  return writeJson([verbs, apiGroups, resources, resourceNames, nonResourceURLs])
}

function byName(a: ClusterRole, b: ClusterRole): number {
  const [left = '', right = ''] = [a.metadata.name, b.metadata.name]
  return left < right ? -1 : left > right ? 1 : 0
}
