import { nodes } from '../../client/resources.ts'
import { tryCachedImage } from '../attacks/supply-chain/cached-image.ts'
import { tryUnsigned } from '../attacks/supply-chain/unsigned-images.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const signedImages: Proof = {
  id: 'S9',
  long: true,
  title: 'only signed images run',
  why: 'Whoever can put an image into a registry, or onto a node, can run any program in the cluster',
  attack:
    'Bring an image that nobody signed into pods and workloads of every kind, by tag and digest, with a forged annotation, by changes and as an ephemeral container; bind a pod from before the policy; let a container start again whose image is on the node',
  expected: 'Each is refused by the policy, and a container of a running pod does not start again',
  whenRed:
    'See whether ImagePolicy or ImageDigests was switched off (`bulkhead status`), and whether the part "artifacts" runs; `kubectl get images -o wide` lists what runs',
  async prove(context, signal) {
    const { attempts, client } = context
    await using namespace = await ProofNamespace.create(context, 'S9', signal)
    await namespace.account('s9', signal)
    const [node] = await client.listAll(nodes, {}, signal)
    await tryUnsigned(context, namespace, node?.metadata.name, signal)
    // Where images are not refused at all, nothing follows for a node.
    if (node !== undefined && attempts.found.length === 0) await tryCachedImage(context, namespace, signal)
    return outcomeOf([], `${attempts.all.length} attempts: no image starts that a policy refuses`)
  },
}
