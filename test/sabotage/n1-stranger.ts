// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const n1: readonly Sabotage[] = [
  {
    name: 'labels of namespaces are not looked at again',
    file: 'src/network/policy/policy-table.ts',
    from: 'for (const uid of owners) if (this.#podOf(uid)?.namespace === name) this.#touched.add(address)',
    to: "for (const uid of owners) if (this.#podOf(uid)?.namespace === '') this.#touched.add(address)",
    proof: 'N1',
  },
  {
    name: 'SCTP is taken for TCP',
    file: 'src/network/policy/policy-pods.ts',
    from: "protocol === 'SCTP' ? 'sctp' : 'tcp'",
    to: "protocol === 'SCTP' ? 'tcp' : 'tcp'",
    proof: 'N1',
  },
]
