import { fits, neverFits, type SchedulerPlugin } from '../framework/framework.ts'
import { planVolumes, podClaims } from '../framework/pod-claims.ts'

/** A pod goes where its volumes are or can be created. */
export const volumeBinding: SchedulerPlugin = {
  name: 'VolumeBinding',
  weight: 0,
  wakesOn: ['node-changed', 'volume-changed'],
  prepare(pod, { volumes }) {
    const claims = podClaims(pod, volumes)
    if (claims === undefined) return undefined
    if (typeof claims === 'string') return { refusal: claims }
    return {
      filter(node) {
        const plan = planVolumes(claims, node, volumes)
        return 'bind' in plan ? fits : neverFits(...plan)
      },
    }
  },
}
