// Whether a history is one that the store promises: one order of writes by revision that respects real time, reads and lists of a state
// that was current, complete watches. All in about n log n.
import { checkLists, revisionOf } from './check-lists.ts'
import { checkWatches } from './check-watches.ts'
import { CommitTimes } from './commit-times.ts'
import { type Commits, commitsOf, noCommit } from './commits.ts'
import type { History, Violation, Write } from './history.ts'

/** One fault breaks many operations: the first ones tell it. */
const maxViolations = 20

/** Empty if the history is consistent. Memory: a few hundred bytes for each operation. */
export function checkHistory(history: History): readonly Violation[] {
  const violations: Violation[] = []
  const report = (violation: Violation) => {
    if (violations.length < maxViolations) violations.push(violation)
  }
  const commits = commitsOf(history, report)
  const times = new CommitTimes(commits)
  boundByWrites(history, commits, times)
  boundByReads(history, commits, times)
  for (const write of history.writes) if (write.outcome === 'refused') boundByRefusal(write, commits, times, report)
  times.settle(report)
  checkAbsences(history, commits, times, report)
  checkLists(history, commits, report)
  checkWatches(history, commits, report)
  return violations
}

function boundByWrites({ watches }: History, { all, placeOf }: Commits, times: CommitTimes): void {
  for (const [place, { write }] of all.entries()) {
    if (write === undefined) continue
    // Of several deletions of one version with unknown outcome any may be the one.
    if (write.value !== undefined || write.outcome === 'ok')
      times.notBefore(place, write.invoked, `client ${write.client} began to write it`)
    if (write.outcome === 'ok') times.notAfter(place, write.ended, `client ${write.client}'s write was acknowledged`)
  }
  for (const { client, records } of watches)
    for (const record of records)
      if (record.type !== 'BOOKMARK') {
        const place = placeOf(record.version.revision)
        if (place !== undefined) times.notAfter(place, record.at, `client ${client}'s watch showed it`)
      }
}

function boundByReads({ reads, lists }: History, { all, placeOf, placeUpTo }: Commits, times: CommitTimes): void {
  for (const { found, client, invoked, ended } of reads) {
    const place = found && placeOf(found.revision)
    if (place === undefined) continue
    times.notAfter(place, ended, `client ${client} read it`)
    times.notBefore(all[place]?.next ?? noCommit, invoked, `client ${client} read ${found?.revision} before it`)
  }
  for (const list of lists) {
    const place = placeUpTo(revisionOf(list))
    times.notAfter(place, list.ended, `client ${list.client} listed it`)
    times.notBefore(place + 1, list.invoked, `client ${list.client} listed ${revisionOf(list)} before it`)
  }
}

/** An update or deletion may be refused when another write has replaced the version, or was about to. */
function boundByRefusal(write: Write, { all, placeOf, unseen }: Commits, times: CommitTimes, report: (violation: Violation) => void): void {
  if (write.expected === 0) return
  const place = placeOf(write.expected)
  if (place === undefined) return
  const next = all[place]?.next ?? noCommit
  if (unseen(write).some(({ invoked }) => invoked < write.ended)) return
  if (next !== noCommit) times.notAfter(next, write.ended, `client ${write.client}'s write was refused because of it`)
  else
    report({
      rule: 'refused without a reason',
      text: `client ${write.client}'s write of ${write.key} at ${write.expected} was refused, and nothing has replaced that`,
    })
}

/** Reads that found nothing, and creations that found something, fit any of several states. */
function checkAbsences({ reads, writes }: History, { unseen }: Commits, times: CommitTimes, report: (violation: Violation) => void): void {
  for (const { found, key, client, invoked, ended } of reads)
    if (found === undefined && !times.couldBe('absent', key, invoked, ended))
      report({ rule: 'absence', text: `client ${client} did not find ${key} between ticks ${invoked} and ${ended}, and it was there` })
  for (const write of writes) {
    if (write.outcome !== 'refused' || write.expected !== 0) continue
    const { key, client, invoked, ended } = write
    if (times.couldBe('present', key, invoked, ended) || unseen(write).some(other => other.invoked < ended)) continue
    report({ rule: 'refused without a reason', text: `client ${client}'s creation of ${key} was refused, and it was not there` })
  }
}
