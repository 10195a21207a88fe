import { tryRestoredBackups } from '../attacks/backups/restored-backups.ts'
import { tryRestoredStore } from '../attacks/backups/restored-store.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'

export const restoredBackups: Proof = {
  id: 'T4',
  title: 'restores verified',
  why: 'A backup that was never restored may be none, and who can write to its target may have changed it',
  attack:
    'In a scratch cluster, make backups; flip a byte, remove an object, replace a backup by an older one, set the target back, and open it with another key; deny users and tokens, put the store back to before that, and start',
  expected:
    'Each backup is restored into a shadow server where every object is as the API server had it; each change is named; an older store is refused, and one that is accepted denies what was denied since',
  whenRed: 'Do not rely on the backups: verify each with `bulkhead backup verify`, and make a full one to another target',
  async prove(context, signal) {
    const { clusters, attempts } = context
    if (clusters === undefined) return skipped('the command of this build cannot be started here')
    await tryRestoredBackups(context, clusters, signal)
    await tryRestoredStore(context, clusters, signal)
    return outcomeOf(
      [],
      `${attempts.all.length} attempts: backups restored and compared, each change of a target named, and denials kept by an older store`,
    )
  },
}
