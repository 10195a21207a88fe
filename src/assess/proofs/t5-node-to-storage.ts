import { storageArena } from '../attacks/volumes/storage-arena.ts'
import { tryStorageCredentials } from '../attacks/volumes/try-storage-credentials.ts'
import { someNode } from '../node-token.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const nodeToStorage: Proof = {
  id: 'T5',
  title: 'node to storage authentication',
  why: 'Root on one node must not mount what pods of other nodes store, and a credential of a mount must end with its pod',
  attack:
    "Ask for the token and the Secret of a mount, for its volume and an attachment as another node, as the pod's account and as the node for other audiences, pods and lifetimes; call the driver through the server; show the token to others, and after its pod",
  expected: 'Only the node of the pod gets them, for that driver alone, and the token ends with the pod',
  whenRed: 'Look at the roles of system:nodes and at the tokenRequests of the CSIDriver; rotate the Secrets of its mounts',
  async prove(context, signal) {
    const node = await someNode(context, signal)
    if (node === undefined) return skipped('the cluster has no node: start one')
    await using namespace = await ProofNamespace.create(context, 'T5', signal)
    await using arena = await storageArena(context, namespace, node, signal)
    await tryStorageCredentials(context, namespace, arena, node, signal)
    const refused = context.attempts.all.filter(({ expected }) => /^40[134]/.test(expected)).length
    return outcomeOf([], `${refused} requests for credentials of a mount refused; the token is not accepted elsewhere, nor after its pod`)
  },
}
