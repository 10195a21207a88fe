import { tryCachedImage } from '../attacks/supply-chain/cached-image.ts'
import { trySignedImages } from '../attacks/supply-chain/signed-images.ts'
import { trySlowRegistries } from '../attacks/supply-chain/slow-registries.ts'
import { tryUnsigned } from '../attacks/supply-chain/unsigned-images.ts'
import { isLocal } from '../loopback-server.ts'
import { someNode } from '../node-token.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const signedImages: Proof = {
  id: 'S9',
  long: true,
  title: 'only signed images run',
  why: 'Whoever can put an image into a registry, or onto a node, can run any program in the cluster',
  attack:
    'Bring an image that nobody signed into pods and workloads of every kind, by tag and digest, with a forged annotation, by changes and as an ephemeral container; bind a pod from before the policy; let a container start again whose image is on the node; bring images with attestations of another type, image, signer or content, and with signatures whose certificate, identity or log entry is wrong; wait for registries that never answer with many images of one namespace, and of many',
  expected:
    'Each is refused by the policy with its fault, its twin is admitted, a container of a running pod does not start again, and no images of others wait',
  whenRed:
    'See whether ImagePolicy or ImageDigests was switched off (`bulkhead status`), and whether the part "artifacts" runs; `kubectl get images -o wide` lists what runs',
  async prove(context, signal) {
    const { attempts, clock } = context
    await trySlowRegistries(attempts, clock)
    await using namespace = await ProofNamespace.create(context, 'S9', signal)
    await namespace.account('s9', signal)
    const node = await someNode(context, signal)
    await tryUnsigned(context, namespace, node, signal)
    const local = isLocal(context.endpoint.server)
    // Where images are not refused at all, nothing follows for signatures and for a node.
    if (local && attempts.found.length === 0) await trySignedImages(context, namespace, signal)
    if (node !== undefined && attempts.found.length === 0) await tryCachedImage(context, namespace, signal)
    const signatures = local ? 'signatures were attacked' : 'signatures were not attacked, because the cluster is on another machine'
    return outcomeOf([], `${attempts.all.length} attempts: no image starts that a policy refuses; ${signatures}`)
  },
}
