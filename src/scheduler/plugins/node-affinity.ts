import type { NodeSelector } from '../../api/types/core-v1.ts'
import { selectsNode, termSelects } from '../../client/cache/node-selection.ts'
import { fits, neverFits, type SchedulerPlugin, scaledByHighest } from '../framework/framework.ts'

/** spec.nodeSelector and node affinity. */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,
  wakesOn: ['node-changed'],
  prepare(pod) {
    const affinity = pod.spec.affinity?.nodeAffinity
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (required === undefined && pod.spec.nodeSelector === undefined && preferred.length === 0) return undefined
    const onlyNodes = required && namedNodes(required)
    if (onlyNodes?.size === 0) return { refusal: 'pod affinity terms conflict' }
    return {
      ...(onlyNodes === undefined ? {} : { onlyNodes }),
      filter: node => (selectsNode(pod.spec, node) ? fits : neverFits("node(s) didn't match Pod's node affinity/selector")),
      ...(preferred.length === 0
        ? {}
        : {
            scores(nodes) {
              const weights = nodes.map(node =>
                preferred.reduce((sum, { weight, preference }) => sum + (termSelects(preference, node) ? weight : 0), 0),
              )
              return scaledByHighest(weights, false)
            },
          }),
    }
  },
}

/** If each term names its nodes, as for a DaemonSet, no other nodes are considered. Undefined if one term does not. */
function namedNodes({ nodeSelectorTerms = [] }: NodeSelector): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  for (const { matchFields = [] } of nodeSelectorTerms) {
    const lists = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In').map(({ values = [] }) => values)
    const [first, ...others] = lists
    if (first === undefined) return undefined
    for (const name of first) if (others.every(list => list.includes(name))) names.add(name)
  }
  return nodeSelectorTerms.length === 0 ? undefined : names
}
