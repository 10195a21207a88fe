// Collects the rules of ClusterRoles into those that aggregate them (admin, edit, view).
import { rule } from '../api/policy-rule.ts'
import type { ClusterRole, PolicyRule } from '../api/types/rbac-v1.ts'
import { selects } from '../client/cache/label-selector.ts'
import { keyOf } from '../client/cache/object-key.ts'
import { clusterRoles } from '../client/resources.ts'
import { type Controller, done, follow } from './controller.ts'
import { canonical } from './replicas/pod-template-hash.ts'

const fieldManager = 'clusterrole-aggregation-controller'

export const clusterRoleAggregation: Controller = {
  name: fieldManager,
  identity: {
    account: 'clusterrole-aggregation-controller',
    rules: [rule('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles')],
  },
  watches: clusterRoles,
  follows: [
    follow({
      resource: clusterRoles,
      keys: (_, { informers }) =>
        informers
          .full(clusterRoles)
          .list()
          .filter(({ aggregationRule }) => aggregationRule !== undefined)
          .map(keyOf),
    }),
  ],
  begin({ client, informers }) {
    const cache = informers.full(clusterRoles)
    return async (key, signal) => {
      const role = cache.getByKey(key)
      if (role === undefined) return done
      const rules = planRules(role, cache.list())
      if (rules === undefined || canonical(rules) === canonical(role.rules ?? [])) return done
      // Manages only the rules of the role.
      const applied = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: key }, rules }
      await client.patch(clusterRoles, '', key, applied, { type: 'apply', fieldManager, force: true }, signal)
      return done
    }
  },
}

/** Selector after selector, roles by name, each rule once; undefined if the role does not aggregate. */
function planRules(role: ClusterRole, among: readonly ClusterRole[]): PolicyRule[] | undefined {
  const selectors = role.aggregationRule?.clusterRoleSelectors
  if (selectors === undefined) return undefined
  const sorted = among
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  const rules = new Map<string, PolicyRule>()
  for (const selector of selectors) {
    for (const other of sorted) {
      if (!selects(selector, other.metadata.labels)) continue
      for (const rule of other.rules ?? []) if (!rules.has(canonical(rule))) rules.set(canonical(rule), rule)
    }
  }
  return [...rules.values()]
}
