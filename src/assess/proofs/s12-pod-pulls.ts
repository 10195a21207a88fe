import { tryPulledImages } from '../attacks/supply-chain/pulled-images.ts'
import { someNode } from '../node-token.ts'
import { ownRegistry } from '../own-registry.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const podPulls: Proof = {
  id: 'S12',
  title: 'a pod gets only images that it may pull',
  why: 'Whoever names an image that is on the node already would run, and read, the programs of others',
  attack:
    "Start a pod whose account may pull an image of the cluster's registry; then start pods of an account that may not, with every pull policy and with the first one's token in a pull Secret; revoke the right, and start another pod and the next container of one that ran",
  expected: 'Only the first start gets the image, whatever is on the node',
  whenRed:
    'See the events of the pods, and whether the node knows the names of the registry (ConfigMap kube-public/local-registry-hosting)',
  async prove(context, signal) {
    const { attempts, client } = context
    const registry = await ownRegistry(client, signal)
    if (registry === undefined) return skipped('the cluster has no registry of its own: start it with --registry')
    if ((await someNode(context, signal)) === undefined) return skipped('the cluster has no node')
    await using namespace = await ProofNamespace.create(context, 'S12', signal)
    await tryPulledImages(context, namespace, registry, signal)
    return outcomeOf([], `${attempts.all.length} attempts: the image on the node is for those who may pull it`)
  },
}
