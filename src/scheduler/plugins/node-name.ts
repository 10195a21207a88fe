import { fits, neverFits, type SchedulerPlugin } from '../framework/framework.ts'

/** A pod that names its node goes only there. */
export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  weight: 0,
  wakesOn: ['node-changed'],
  prepare({ spec }) {
    const wanted = spec.nodeName ?? ''
    if (wanted === '') return undefined
    return { filter: ({ name }) => (name === wanted ? fits : neverFits("node(s) didn't match the requested node name")) }
  },
}
