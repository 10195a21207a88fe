import { defineCheck, notApplicable, ok, warning, worst } from '../check.ts'
import type { ScheduleFacts } from '../cluster-facts.ts'

interface Facts {
  readonly now: number
  /** Undefined if the cluster does not know backups, or does not answer. */
  readonly schedules: readonly ScheduleFacts[] | undefined
}

/** Twice the usual day between verified backups. */
const oldMs = 2 * 86_400_000

export const backups = defineCheck<Facts>({
  id: 'backups',
  group: 'Cluster',
  title: 'last verified backup',
  reads: 'the status of each BackupSchedule, if the cluster has that kind',
  read: ({ now, cluster }) => ({ now, schedules: cluster?.schedules }),
  evaluate({ now, schedules }) {
    if (schedules === undefined) return notApplicable('no server here that makes backups')
    if (schedules.length === 0)
      return warning('none is scheduled: a lost disk is a lost cluster', 'kubectl explain backupschedule.spec   # then create one')
    const verdicts = schedules.map(({ name, verified }) => {
      if (verified === undefined) return warning(`"${name}" has no backup that was verified`, `kubectl describe backupschedule ${name}`)
      const text = `"${name}" at ${new Date(verified).toISOString().slice(0, 16)}Z`
      return now - verified > oldMs ? warning(`${text}, more than two days ago`, `kubectl describe backupschedule ${name}`) : ok(text)
    })
    return worst(verdicts, verdicts.map(({ detail }) => detail).join(', '))
  },
})
