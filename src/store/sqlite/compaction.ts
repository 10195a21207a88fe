// Decides how far the log of revisions is compacted.

export interface KeepLimits {
  /** Revisions younger than this are kept, so that watches resume across a restart. */
  readonly ageMs: number
  /** At most this many revisions are kept for that. */
  readonly revisions: number
}

/** As upstream's apiserver compacts etcd every five minutes, with room for a server that is down for a while. */
export const defaultKeep: KeepLimits = { ageMs: 15 * 60_000, revisions: 50_000 }

/** A revision and when it was current. */
export interface Mark {
  readonly revision: number
  readonly at: number
}

/** The highest revision that may be compacted: marks are in order. Undefined where nothing is to do. */
export function planCompaction(floor: number, revision: number, marks: readonly Mark[], now: number, keep: KeepLimits): number | undefined {
  let target = revision - keep.revisions
  for (const mark of marks) {
    if (mark.at > now - keep.ageMs) break
    target = Math.max(target, mark.revision)
  }
  return target > floor ? target : undefined
}
