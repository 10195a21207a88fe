// Each watch saw every change of its selection after its start, once and in order; a bookmark came after all that it covers.
import { type Commits, firstAfter } from './commits.ts'
import type { History, Violation, Watch, WatchRecord } from './history.ts'

type ChangeRecord = Exclude<WatchRecord, { readonly type: 'BOOKMARK' }>

interface Expected {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly key: string
  readonly revision: number
  readonly value: string
}

export function checkWatches({ watches }: History, commits: Commits, report: (violation: Violation) => void): void {
  const bySelection = Map.groupBy(watches, ({ group }) => group)
  for (const [group, selected] of bySelection) {
    const expected = changesSeenBy(group, commits)
    for (const watch of selected) {
      const fault = faultOf(watch, expected)
      if (fault !== undefined) report(fault)
    }
  }
}

/** All changes as seen through the selection: an object may enter and leave it. */
function changesSeenBy(group: string | undefined, { all }: Commits): Expected[] {
  const expected: Expected[] = []
  const isIn = (place: number): boolean => {
    const commit = all[place]
    return commit?.value !== undefined && (group === undefined || commit.group === group)
  }
  for (const [place, { key, revision, value, previous }] of all.entries()) {
    const [was, is] = [isIn(previous), isIn(place)]
    if (is) expected.push({ type: was ? 'MODIFIED' : 'ADDED', key, revision, value: value ?? '' })
    else if (was) expected.push({ type: 'DELETED', key, revision, value: all[previous]?.value ?? '' })
  }
  return expected
}

/** The first thing that is wrong with a watch, if anything. */
function faultOf(watch: Watch, expected: readonly Expected[]): Violation | undefined {
  const name = `client ${watch.client}'s watch of ${watch.group ?? 'all'} after ${watch.after}`
  let next = firstAfter(expected, watch.after)
  let covered = watch.after
  for (const record of watch.records) {
    const wanted = expected[next]
    const fault = record.type === 'BOOKMARK' ? faultOfBookmark(record.revision, covered, wanted) : faultOfEvent(record, covered, wanted)
    if (fault !== undefined) return { rule: record.type === 'BOOKMARK' ? 'bookmark' : 'watch', text: `${name} got ${fault}` }
    if (record.type !== 'BOOKMARK') next++
    covered = record.type === 'BOOKMARK' ? record.revision : record.version.revision
  }
  const missed = expected[next]
  if (missed === undefined || missed.revision > (watch.reached ?? 0)) return undefined
  return { rule: 'watch', text: `${name} ended without ${named(missed)}` }
}

function faultOfBookmark(revision: number, covered: number, wanted: Expected | undefined): string | undefined {
  if (revision < covered) return `bookmark ${revision} after ${covered}`
  return wanted !== undefined && wanted.revision <= revision ? `bookmark ${revision} before ${named(wanted)}` : undefined
}

function faultOfEvent({ type, version }: ChangeRecord, covered: number, wanted: Expected | undefined): string | undefined {
  const got = named({ type, ...version })
  if (version.revision <= covered) return `${got} after it had everything up to ${covered}`
  if (wanted === undefined) return `${got} after the last change`
  if (wanted.revision !== version.revision) return `${got} instead of ${named(wanted)}`
  return named(wanted) === got ? undefined : `${got} for ${named(wanted)}`
}

const named = ({ type, key, value, revision }: Expected): string => `${type} ${key} "${value}" at ${revision}`
