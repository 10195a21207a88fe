import { tryNewAdvisory, trySilence } from '../attacks/supply-chain/advisory-alarms.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const advisoryAlarms: Proof = {
  id: 'S10',
  title: 'advisories reach whom they concern',
  why: 'An advisory that nobody hears of, or a source that nobody misses, leaves known vulnerabilities running',
  attack: 'Let sources of advisories fall silent; make an advisory known that concerns the image of one pod and not that of another',
  expected:
    'Each silent source raises an alarm and a fresh one does not; within a minute the concerned pod says what is wrong, since when it is overdue and what fixes it, and the other says nothing',
  whenRed: 'See whether the controllers run (`bulkhead status`): `advisory-silence-controller`, `image-findings-controller`',
  async prove(context, signal) {
    const { attempts } = context
    await using namespace = await ProofNamespace.create(context, 'S10', signal)
    await namespace.account('s10', signal)
    await Promise.all([trySilence(context, namespace, signal), tryNewAdvisory(context, namespace, signal)])
    return outcomeOf(
      [],
      `${attempts.all.length} attempts: silent sources raise alarms, and a new advisory reaches the pods that it concerns`,
    )
  },
}
