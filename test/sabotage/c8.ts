// Sabotage of LimitRanges and of the limits that new namespaces get.
import type { Sabotage } from './sabotage.ts'

const plugin = 'src/admission/plugins/limit-ranger.ts'

export const c8: readonly Sabotage[] = [
  {
    name: 'minimum and maximum are not checked',
    file: plugin,
    from: 'if (errors.length === 0) continue',
    to: 'if (errors.length >= 0) continue',
    proof: 'C8',
    knownMissed: 'the proof creates no pod outside of its bounds',
  },
  {
    name: 'maximum and minimum of init containers are not checked',
    file: plugin,
    from: '    for (const container of pod.spec.initContainers ?? []) validateContainer(container, constraints, errors)\n',
    to: '',
    proof: 'C8',
    knownMissed: 'the proof creates no pod outside of its bounds',
  },
]
