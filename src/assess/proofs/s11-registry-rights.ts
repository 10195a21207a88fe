import { pushImage } from '../attacks/supply-chain/pushed-image.ts'
import { tryRegistry, tryRegistryRights } from '../attacks/supply-chain/registry-rights.ts'
import { ownRegistry } from '../own-registry.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const registryRights: Proof = {
  id: 'S11',
  title: 'the registry gives what the API allows',
  why: "Whoever reads another namespace's images reads its programs, and whoever writes them runs as it",
  attack:
    'Pull, push and delete without the right, in another namespace, in another repository, with tokens for another audience, with a changed signature, of a deleted object, and after the right was revoked; the same at the registry itself, where it runs, with its catalog',
  expected: 'Each is refused, and a revoked right within a second',
  whenRed:
    'See which of the attempts failed: `kubectl auth can-i pull repositories.supply.bulkhead.dev` shows rights, and `bulkhead status` whether the parts registry-front and registry-store run',
  async prove(context, signal) {
    const { attempts, client } = context
    const registry = await ownRegistry(client, signal)
    if (registry === undefined) return skipped('the cluster has no registry of its own: start it with --registry')
    await using namespace = await ProofNamespace.create(context, 'S11', signal)
    await tryRegistryRights(context, namespace, signal)
    const runs = registry.authority !== undefined
    if (runs) {
      // Whoever may list everything would see this one.
      await using other = await ProofNamespace.create(context, 'S11', signal)
      for (const space of [namespace, other]) await pushImage(space, registry, signal)
      await tryRegistry(context, namespace, registry, signal)
    }
    const where = runs ? 'rights, and answers of the registry' : 'rights alone: no registry runs here'
    return outcomeOf([], `${attempts.all.length} attempts (${where})`)
  },
}
