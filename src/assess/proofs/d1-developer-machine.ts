import { tryChangedDependencies } from '../attacks/supply-chain/changed-dependencies.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const developerMachine: Proof = {
  id: 'D1',
  title: 'integrity of the development environment',
  why: "Whoever changes a dependency on a developer's machine gets into everything that is made there",
  attack:
    'Change one byte of an installed dependency, add a file to it, and change a source; deploy what an attestation of that machine is about, and what no attestation, one of somebody else or one about another object is about',
  expected: 'Each is refused and the changed file is named; what the unchanged machine made is admitted',
  whenRed: 'See whether ManifestPolicy was switched off (`bulkhead status`), and whether the policy requires the attestation',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'D1', signal)
    await tryChangedDependencies(context, namespace, signal)
    return outcomeOf([], `${context.attempts.all.length} attempts: what a changed machine made is not deployed`)
  },
}
