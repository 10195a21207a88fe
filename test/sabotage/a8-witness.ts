// Sabotage of the keys of nodes as witnesses of the audit log: who may publish one.
import type { Sabotage } from './sabotage.ts'

export const a8: readonly Sabotage[] = [
  {
    name: 'an administrator sets the key of a node as a witness',
    file: 'src/admission/plugins/node-restriction.ts',
    from: 'foreignLinkRefusal(now, old) ?? foreignWitnessRefusal(now, old)',
    to: 'foreignLinkRefusal(now, old)',
    proof: 'A8',
  },
  {
    name: 'a node publishes a witness key in the name of another node',
    file: 'src/api/nodes/witness-call.ts',
    from: 'key.type === cosignatureType && key.name === name',
    to: 'key.type === cosignatureType',
    proof: 'A8',
  },
]
