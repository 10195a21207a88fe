import { mayRunOn } from '../../api/trust-domain.ts'
import { fits, neverFits, type SchedulerPlugin } from '../framework.ts'

/** A pod goes to nodes of its trust domain only; no toleration and no affinity changes that. */
export const trustDomain: SchedulerPlugin = {
  name: 'TrustDomain',
  weight: 0,
  wakesOn: ['node-changed'],
  prepare: pod => ({
    filter: ({ node }) => (mayRunOn(pod, node) ? fits : neverFits('node(s) belonged to another trust domain')),
  }),
}
