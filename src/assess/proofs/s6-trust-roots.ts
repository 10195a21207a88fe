import { tryAttackedTuf } from '../attacks/supply-chain/attacked-tuf.ts'
import { tryOlderTrustRoots } from '../attacks/supply-chain/older-trust-roots.ts'
import { isLocal } from '../loopback-server.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const trustRootRollback: Proof = {
  id: 'S6',
  title: 'trust roots do not go back',
  why: 'Whoever brings back an older trust root, by mistake or on purpose, makes keys count again that were lost or stolen',
  attack:
    'Store a trust root with a revoked key; then send older versions, older roots of TUF, the revoked key under its own name, another name, for the past only and after it was taken out, the identities and times that were revoked, and a rollback with a wrong acceptance; delete it and create it again as it was before; follow TUF repositories with wrong rotations, too few or other signatures, expired, older and mixed metadata, wrong lengths and hashes, and files without an end',
  expected:
    'Each older object is refused with what is older, and one that was created again is not used; each bad repository is refused with its fault, what it said before counts on, and its twin is followed',
  whenRed:
    'See `kubectl get trustroots -o wide`, and compare their keys with those of their owners; the part "artifacts" must run (`bulkhead status`)',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'S6', signal)
    await tryOlderTrustRoots(context, namespace, signal)
    const local = isLocal(context.endpoint.server)
    if (local) await tryAttackedTuf(context, namespace, signal)
    const repositories = local
      ? 'TUF repositories were attacked'
      : 'TUF repositories were not attacked, because the cluster is on another machine'
    return outcomeOf([], `${context.attempts.all.length} attempts: no trust root became older than it was; ${repositories}`)
  },
}
