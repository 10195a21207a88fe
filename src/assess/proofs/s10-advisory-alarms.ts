import { tryNewAdvisory, trySilence } from '../attacks/supply-chain/advisory-alarms.ts'
import { tryImportedFeed } from '../attacks/supply-chain/imported-feed.ts'
import { isLocal } from '../loopback-server.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const advisoryAlarms: Proof = {
  id: 'S10',
  title: 'advisories reach whom they concern',
  why: 'An advisory that nobody hears of, or a source that nobody misses, leaves known vulnerabilities running',
  attack:
    'Let sources of advisories fall silent; make an advisory known that concerns the image of one pod and not that of another; publish a signed feed, and one by another key, for the cluster to fetch, about a package that is in the image of some pods',
  expected:
    'Each silent source raises an alarm and a fresh one does not; within a minute the concerned pod says what is wrong, since when it is overdue and what fixes it, and the other says nothing; a feed that is fetched names exactly the pods whose image has the package, and one by another key names none',
  whenRed: 'See whether the controllers run (`bulkhead status`): `advisory-silence-controller`, `image-findings-controller`',
  async prove(context, signal) {
    const { attempts } = context
    await using namespace = await ProofNamespace.create(context, 'S10', signal)
    await namespace.account('s10', signal)
    const local = isLocal(context.endpoint.server)
    const imported = local ? [tryImportedFeed(context, namespace, signal)] : []
    await Promise.all([trySilence(context, namespace, signal), tryNewAdvisory(context, namespace, signal), ...imported])
    return outcomeOf(
      [],
      `${attempts.all.length} attempts: silent sources raise alarms, and a new advisory reaches the pods that it concerns${local ? '' : '; nothing was imported, because the cluster is on another machine'}`,
    )
  },
}
