// What the clients of a run talk to: an API server over HTTPS, or a store in this process.
import type { Version, WatchRecord, WriteOutcome } from './history.ts'

export interface RequestedWrite {
  readonly key: string
  /** The revision to replace; 0 to create. */
  readonly expected: number
  /** Undefined to delete. */
  readonly value: string | undefined
  readonly group: string
}

export interface WriteAnswer {
  readonly outcome: WriteOutcome
  /** Of an acknowledged creation or update. */
  readonly revision?: number
}

export interface Page {
  readonly revision: number
  readonly versions: readonly Version[]
}

/** A record before it gets the time at which it came. */
export type Received =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly version: Version }
  | { readonly type: 'BOOKMARK'; readonly revision: number }

export interface Target {
  write(write: RequestedWrite): Promise<WriteAnswer>
  /** Undefined if there was no usable answer. */
  read(key: string): Promise<{ readonly found: Version | undefined } | undefined>
  /** All pages; undefined if there was no usable answer. */
  list(group: string | undefined, pageSize: number): Promise<readonly Page[] | undefined>
  /** Resolves when the connection has ended; `expired` if the server no longer has the events after `after`. */
  watch(group: string | undefined, after: number, onRecord: (record: Received) => void, signal: AbortSignal): Promise<'ended' | 'expired'>
}

export const timed = (record: Received, at: number): WatchRecord => ({ ...record, at })
