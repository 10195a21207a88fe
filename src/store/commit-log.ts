// What makes the writes of a store durable.
import type { WriteFailed } from './store.ts'
import type { DecidedWrite } from './watch-cache.ts'

/** Another server wrote first: nothing of the group is stored. Thrown by `CommitLog.append`. */
export class Overtaken extends Error {
  /** Resolves when what the others wrote is visible. */
  readonly caughtUp: () => Promise<void>
  constructor(caughtUp: () => Promise<void>) {
    super('Another server wrote first')
    this.name = 'Overtaken'
    this.caughtUp = caughtUp
  }
}

/** Makes writes durable. */
export interface CommitLog {
  /**
   * Resolves when all of these are durable, in order; rejects with `WriteFailed` or `Overtaken` if none of them is. Called with one group at
   * a time.
   */
  append(group: readonly DecidedWrite[]): Promise<void>
  /** Called before each group: from when it resolves until `release()`, no changes of other servers are shown. */
  hold?(): Promise<void> | undefined
  release?(): void
  /** See `Store`. */
  fresh?(signal?: AbortSignal): Promise<void> | undefined
  readonly followsOthers?: boolean
  /** How many of these may be the next group, at least one; undefined if any number may. */
  take?(waiting: readonly DecidedWrite[]): number
  /** Why no write is accepted now, although the log has not failed. */
  readonly refusal?: WriteFailed | undefined
  /** Whether what is in memory may not be the newest state, because the log does not answer. */
  readonly isUncertain?: boolean
  /** What an operator should do. */
  readonly advice?: string | undefined
  /** Bytes on disk. */
  readonly bytes: number
  close(): Promise<void>
}
