import { tryDriftOfFiles, tryReportedDrift } from '../attacks/supply-chain/runtime-drift.ts'
import { outcomeOf, type Proof } from '../proof.ts'

export const runtimeDrift: Proof = {
  id: 'C2',
  title: 'runtime known and unchanged',
  why: 'Whoever changes the container runtime of a node is in every container that it starts',
  attack:
    'In a folder with programs and configurations of a node, flip a byte of the runtime and of its configuration, add and remove one of the pod network, and flip a byte while the node is down; report a changed runtime from a node of its own, and a runtime with a known vulnerability',
  expected:
    'Each change is named, also the one while the node was down where the Node holds its programs; the node gets no new pods until all is as before, and the vulnerability is named',
  whenRed: 'See what `bulkhead status` says of the programs of nodes, and install the named packages again',
  async prove(context, signal) {
    await tryDriftOfFiles(context)
    await tryReportedDrift(context, signal)
    return outcomeOf([], `${context.attempts.all.length} attempts: each changed program is named and stops new pods`)
  },
}
