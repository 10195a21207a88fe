import type { PlainRecord } from './records/record.ts'

/** A change that another server made. For a deletion, `bytes` are empty: the object is shown as it was. */
export interface FollowedChange extends PlainRecord {
  /** Milliseconds since the Unix epoch when it was decided. */
  readonly at: number
}
