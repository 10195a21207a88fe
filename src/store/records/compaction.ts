// Decides how far the log of revisions is compacted.

export interface KeepLimits {
  /** Revisions younger than this are kept, so that watches resume across a restart. */
  readonly ageMs: number
  /** At most this many revisions are kept for that. */
  readonly revisions: number
  /** At most this many bytes of objects are kept for that, of whatever size each revision is. */
  readonly bytes: number
}

/** Upstream's apiserver compacts etcd every five minutes; this leaves time for a server that is down for a while. */
export const defaultKeep: KeepLimits = { ageMs: 15 * 60_000, revisions: 50_000, bytes: 128 * 2 ** 20 }

/** A revision, the time when it was current, and how many bytes had been written up to it. */
export interface Mark {
  readonly revision: number
  readonly at: number
  readonly bytes: number
}

/** What was written so far, counted as in the marks. */
export interface Written {
  readonly revision: number
  readonly bytes: number
}

/** The highest revision that can be compacted; marks are in order. Undefined if there is nothing to do. */
export function planCompaction(floor: number, written: Written, marks: readonly Mark[], now: number, keep: KeepLimits): number | undefined {
  let target = written.revision - keep.revisions
  for (const mark of marks) {
    if (mark.at > now - keep.ageMs && mark.bytes > written.bytes - keep.bytes) break
    target = Math.max(target, mark.revision)
  }
  return target > floor ? target : undefined
}
