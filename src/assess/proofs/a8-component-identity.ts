import { tryAccounts } from '../attacks/components/try-accounts.ts'
import { nodeArena } from '../attacks/nodes/node-arena.ts'
import { tryTaintedNode } from '../attacks/nodes/tainted-node.ts'
import { tryCertificates } from '../attacks/nodes/try-certificates.ts'
import { tryNode } from '../attacks/nodes/try-node.ts'
import { tryTickets } from '../attacks/nodes/try-tickets.ts'
import { ClusterObjects } from '../cluster-objects.ts'
import { someNode } from '../node-token.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const componentIdentity: Proof = {
  id: 'A8',
  title: 'component identity',
  why: 'A stolen node credential, join ticket or controller account must not open more than the part itself needs',
  attack:
    "As a node, read every kind and write every field beyond its own Node, pods, lease and tokens; as another node, all that is its; use a join ticket twice and for other things; have certificates approved that their signer must not sign; compare each part's account with what it needs",
  expected:
    'A node reads only what its pods need and writes only its own status; tickets give one certificate; no account has a dangerous right beyond its table',
  whenRed:
    'Delete the Node whose credential was stolen (`kubectl delete node`), which also denies its certificates, and look for bindings of `system:nodes` or of accounts of kube-system',
  async prove(context, signal) {
    const node = await someNode(context, signal)
    if (node === undefined) return skipped('there is no node')
    await using namespace = await ProofNamespace.create(context, 'A8', signal)
    await using cluster = new ClusterObjects(context, namespace)
    const arena = await nodeArena(context, namespace, node, signal)
    const [accounts] = await Promise.all([
      tryAccounts(context, namespace.name, signal),
      tryNode(arena, signal),
      tryCertificates(context, cluster, arena.self, node, signal),
      tryTickets(arena, signal),
      tryTaintedNode(arena, cluster, signal),
    ])
    const { length } = context.attempts.all.filter(({ expected }) => expected.startsWith('40'))
    return outcomeOf(
      [],
      `${length} requests of a node, a stranger and join tickets refused; ${accounts} accounts have no dangerous right beyond their table`,
    )
  },
}
