import { isTolerated } from '../../api/pods/tolerations.ts'
import { fits, neverFits, type SchedulerPlugin, scaledByHighest } from '../framework/framework.ts'

/** Refuses nodes with taints that the pod does not tolerate; prefers those with fewer PreferNoSchedule taints. */
export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration',
  weight: 3,
  wakesOn: ['node-changed'],
  prepare({ spec }) {
    const tolerations = spec.tolerations ?? []
    const soft = tolerations.filter(({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule')
    return {
      filter({ node }) {
        for (const taint of node.spec?.taints ?? []) {
          if (taint.effect === 'PreferNoSchedule' || isTolerated(taint, tolerations)) continue
          return neverFits(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`)
        }
        return fits
      },
      scores(nodes) {
        const untolerated = nodes.map(
          ({ node }) => (node.spec?.taints ?? []).filter(taint => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, soft)).length,
        )
        return scaledByHighest(untolerated, true)
      },
    }
  },
}
