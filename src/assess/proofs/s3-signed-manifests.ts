import { tryAnotherKey } from '../attacks/supply-chain/another-key.ts'
import { tryUnsignedManifests } from '../attacks/supply-chain/unsigned-manifests.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const signedManifests: Proof = {
  id: 'S3',
  title: 'only signed manifests are stored',
  why: 'Whoever can write into a namespace, or into the pipeline that does, decides what runs there',
  attack:
    'In a namespace that accepts signed objects alone, create unsigned ones and ones that somebody else signed, change one field, label, name or annotation of signed ones, by every kind of write and by scale, and forge the mark of the server; let another server answer at the address of one whose key is pinned',
  expected: 'Each is refused with the field that differs, and what was signed is stored; another key is reported',
  whenRed: 'See whether ManifestPolicy was switched off (`bulkhead status`), and who may write ManifestPolicies and TrustRoots',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'S3', signal)
    await namespace.account('s3', signal)
    await tryAnotherKey(context, namespace, signal)
    await tryUnsignedManifests(context, namespace, signal)
    return outcomeOf([], `${context.attempts.all.length} attempts: nothing is stored that nobody trusted signed`)
  },
}
