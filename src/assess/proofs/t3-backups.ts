import { tryEncryptedBackups } from '../attacks/backups/encrypted-backups.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'

export const backups: Proof = {
  id: 'T3',
  title: 'backups',
  why: 'Who gets a backup must not get the Secrets, and who loses the cluster must get back every write that was acknowledged',
  attack:
    'In a scratch cluster with backups, search the target and the data directory for canaries and identities, read the target by its description, ask for its paths without the right, and restore to single writes on fresh machines',
  expected:
    'Each write is in the target within 5 s; everything is encrypted to the recipients, signed and chained; nothing is restored over a cluster; each restore shows the objects as they were at its revision, with the same keys',
  whenRed: 'Treat what the target holds as known to whoever can read it, renew every Secret, and make a full backup to a new target',
  async prove(context, signal) {
    const { clusters, attempts } = context
    if (clusters === undefined) return skipped('the command of this build cannot be started here')
    await tryEncryptedBackups(context, clusters, signal)
    return outcomeOf([], `${attempts.all.length} attempts: every write restored, nothing readable without the identity`)
  },
}
