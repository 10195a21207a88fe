import { mayRunOn } from '../../api/pods/trust-domain.ts'
import { fits, neverFits, type SchedulerPlugin } from '../framework/framework.ts'

/** A pod goes only to nodes of its trust domain; tolerations and affinity do not change that. */
export const trustDomain: SchedulerPlugin = {
  name: 'TrustDomain',
  weight: 0,
  wakesOn: ['node-changed'],
  prepare: pod => ({
    filter: ({ node }) => (mayRunOn(pod, node) ? fits : neverFits('node(s) belonged to another trust domain')),
  }),
}
