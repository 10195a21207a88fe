import { tryRegistryUpdates } from '../attacks/supply-chain/registry-updates.ts'
import { trySeededUpdates } from '../attacks/supply-chain/seeded-updates.ts'
import { isLocal } from '../loopback-server.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const updates: Proof = {
  id: 'S7',
  title: 'updates are proposed',
  why: 'Who is not told which newer image has fewer vulnerabilities keeps the old one, and who is told a wrong one gets new ones',
  attack:
    'Offer seeded images older tags, other variants, tags that moved, and newer ones with fewer, as many and more findings; run outdated images of a registry, and publish an advisory about them',
  expected:
    'Each seeded outdated image gets exactly the newer one with the lowest risk, and no image gets an older or a worse one; the cluster proposes the same of what its registry has',
  whenRed:
    'Compare the build with the published one: the rules are code, and no setting changes them; see whether the part "artifacts" reaches registries',
  async prove(context, signal) {
    const { attempts } = context
    trySeededUpdates(attempts)
    const local = isLocal(context.endpoint.server)
    if (local) {
      await using namespace = await ProofNamespace.create(context, 'S7', signal)
      await namespace.account('s7', signal)
      await tryRegistryUpdates(context, namespace, signal)
    }
    return outcomeOf(
      [],
      `${attempts.all.length} attempts: seeded outdated images get the newer one with the lowest risk${local ? '' : '; no registry was tried, because the cluster is on another machine'}`,
    )
  },
}
