import { tryDueDates } from '../attacks/supply-chain/due-date-states.ts'
import { tryExceptions, tryUnknownFindings } from '../attacks/supply-chain/unknown-findings.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const dueDates: Proof = {
  id: 'S8',
  title: 'vulnerabilities have due dates',
  why: 'Vulnerabilities without a date stay, and an image of which nothing is known has them too',
  attack:
    'Move a simulated clock over each date of seeded findings, by severity, exposure, fix, exploitation, policy and exception; start images that nobody scanned; make exceptions as the admin of a namespace, and without an owner, a reason, an end, advisories or images',
  expected:
    'Each state changes in the millisecond of its date; what was not scanned does not start where a policy limits it; only who was granted it makes a complete exception',
  whenRed: 'See whether ImagePolicy was switched off (`bulkhead status`), and whether the part "artifacts" runs',
  async prove(context, signal) {
    const { attempts } = context
    await using namespace = await ProofNamespace.create(context, 'S8', signal)
    await namespace.account('s8', signal)
    tryDueDates(attempts)
    await tryUnknownFindings(context, namespace, signal)
    await tryExceptions(context, namespace, signal)
    return outcomeOf([], `${attempts.all.length} attempts: dates hold to the millisecond, and what is not known does not start`)
  },
}
