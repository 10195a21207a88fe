// Which backup and which changes lead to a revision.
import { UserError } from '../base/user-error.ts'
import type { BackupLink, Chain, ChangesLink } from './chain.ts'

/** At most one of them; none for the newest state. */
export interface RestorePoint {
  readonly revision?: number | undefined
  /** Milliseconds since the epoch: the newest state that had reached the target then. */
  readonly time?: number | undefined
  /** The number of a backup. */
  readonly backup?: number | undefined
}

export interface RestorePlan {
  readonly revision: number
  /** Has all objects of its revision. */
  readonly base: BackupLink
  /** In order; records after `revision` or not after that of the base are skipped. */
  readonly changes: readonly ChangesLink[]
  /** Number of objects at `revision`; undefined if it was not recorded for that revision. */
  readonly objects: number | undefined
  /** The newest backup: its keys and audit log. */
  readonly newest: BackupLink
}

/** Pure. Throws a UserError that says what can be restored. */
export function planRestore({ backups, changes }: Chain, point: RestorePoint = {}): RestorePlan {
  const newest = backups.at(-1)
  if (newest === undefined) throw new UserError('There is no backup to restore')
  const last = Math.max(newest.content.revision, changes.at(-1)?.content.revision ?? 0)
  const revision = revisionOf(point, backups, changes, last)
  const oldest = Math.min(...backups.map(({ content }) => content.revision))
  if (revision > last || revision < oldest)
    throw new UserError(`Revision ${revision} cannot be restored: the backups hold revisions from ${oldest} to ${last}`)
  const base = backups.findLast(({ number, content }) => content.base === number && content.revision <= revision)
  if (base === undefined) throw new UserError(`Revision ${revision} cannot be restored: its full backup is no longer kept`)
  const needed = neededChanges(base.content.revision, revision, changes)
  return { revision, base, changes: needed, objects: objectsAt(revision, backups, needed), newest }
}

function revisionOf(
  { revision, time, backup }: RestorePoint,
  backups: readonly BackupLink[],
  changes: readonly ChangesLink[],
  last: number,
) {
  if (revision !== undefined) return revision
  if (backup !== undefined) {
    const found = backups.find(({ number }) => number === backup)
    if (found === undefined)
      throw new UserError(`There is no backup ${backup}. There are ${backups.map(({ number }) => number).join(', ')}`)
    return found.content.revision
  }
  if (time === undefined) return last
  const before = [...backups, ...changes].filter(link => Date.parse(link.time) <= time).map(({ content }) => content.revision)
  if (before.length === 0) throw new UserError(`Nothing was backed up before ${new Date(time).toISOString()}`)
  return Math.max(...before)
}

function neededChanges(from: number, revision: number, changes: readonly ChangesLink[]): ChangesLink[] {
  const needed: ChangesLink[] = []
  let covered = from
  for (const link of changes) {
    const { content } = link
    if (covered >= revision) break
    if (content.revision <= covered) continue
    if (content.after > covered)
      throw new UserError(`Revision ${revision} cannot be restored: the changes from ${covered} to ${content.after} are no longer kept`)
    needed.push(link)
    covered = content.revision
  }
  if (covered < revision)
    throw new UserError(`Revision ${revision} cannot be restored: the changes after ${covered} are no longer kept. Restore a full backup`)
  return needed
}

function objectsAt(revision: number, backups: readonly BackupLink[], changes: readonly ChangesLink[]): number | undefined {
  const found = [...backups, ...changes].find(({ content }) => content.revision === revision && content.objects > 0)
  return found?.content.objects
}
