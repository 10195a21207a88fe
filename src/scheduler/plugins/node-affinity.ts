import { selectsNode, termSelects } from '../../client/node-selection.ts'
import { fits, neverFits, normalizeByHighest, type SchedulerPlugin } from '../framework.ts'

/** spec.nodeSelector and node affinity. */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,
  wakesOn: ['node-changed'],
  prepare(pod) {
    const affinity = pod.spec.affinity?.nodeAffinity
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined || pod.spec.nodeSelector !== undefined
    if (!required && preferred.length === 0) return undefined
    return {
      filter: node => (selectsNode(pod.spec, node) ? fits : neverFits("node(s) didn't match Pod's node affinity/selector")),
      score: node => preferred.reduce((sum, { weight, preference }) => sum + (termSelects(preference, node) ? weight : 0), 0),
      normalize: scores => normalizeByHighest(scores, false),
    }
  },
}
