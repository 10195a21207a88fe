import { tryMounts } from '../attacks/workloads/try-mounts.ts'
import { tryNodeGrants } from '../attacks/workloads/try-node-grants.ts'
import { someNode } from '../node-token.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const workloadIdentity: Proof = {
  id: 'A7',
  title: 'workload identity',
  why: 'An intruder in a workload can steal its token, so a workload that needs none must not have one',
  attack:
    'Look for a token in pods of accounts with each kind of grant and with none, also where the account or pod declines it; as the node of a pod, request its token before, with and after the grant; use the token of one pod as another, and after its end; create a token that never ends',
  expected: 'No token without a grant, with one a bound token of at most an hour for its own audience, and 401 once the pod is deleted',
  whenRed:
    'Look for bindings of `system:serviceaccounts` or `system:authenticated`, which give every account a right and therefore a token',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'A7', signal)
    await using other = await ProofNamespace.create(context, 'A7', signal)
    const node = await someNode(context, signal)
    await Promise.all([
      tryMounts(context, namespace, other, signal),
      ...(node === undefined ? [] : [tryNodeGrants(context, namespace, node, signal)]),
    ])
    const notTried = node === undefined ? '; not tried without a node: tokens that a node requests' : ''
    return outcomeOf([], `no token without a grant; with one, a bound token of an hour that ends with its pod${notTried}`)
  },
}
