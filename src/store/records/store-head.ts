// The head of a log as the signer keeps it: a log that does not reach it was truncated or restored to an earlier state.

export interface StoreHead {
  readonly revision: number
  /** The link after the last block, which depends on all blocks before. */
  readonly digest: Uint8Array
}

/** Keeps the newest head of the log. */
export interface StoreHeads {
  newest(): Promise<StoreHead | undefined>
  keep(head: StoreHead, signal: AbortSignal): Promise<void>
}

/** What is known of a log before it is loaded. */
export interface ExpectedLog {
  readonly head: StoreHead | undefined
  /** Accepts a log that does not reach the head, and raises its revision far above, so that none is used twice. */
  readonly accept: boolean
}

/**
 * How far an accepted log is raised above the newest known revision: more than could have been written since, as etcd's restore advises.
 */
export const restoredGap = 1_000_000_000

export class RestoredStore extends Error {
  constructor(what: string) {
    const advice =
      'Restore the newest backup of the whole data directory. To continue with this state and lose later writes, start once with --accept-restored-store'
    super(`${what}: the store was restored to an earlier state, or lost its end. ${advice}`)
    this.name = 'RestoredStore'
  }
}

/** Checks while a log is loaded whether it contains the head. */
export class HeadSearch {
  readonly #head: StoreHead | undefined
  #other = false
  #found = false

  constructor(head: StoreHead | undefined) {
    this.#head = head
  }

  /** A state that was sealed as a whole at this revision. */
  sealedAt(revision: number, link: Uint8Array): void {
    // The head comes later: only we seal, and revisions never go back.
    if (this.#head !== undefined && revision > this.#head.revision) this.#found = true
    this.reached(revision, link)
  }

  /** The log contains a block that ends at this revision. */
  reached(revision: number, link: Uint8Array): void {
    if (this.#head === undefined || revision !== this.#head.revision) return
    if (Buffer.from(link).equals(this.#head.digest)) this.#found = true
    else this.#other = true
  }

  /** The fault of a log that ends at this revision. */
  problem(end: number): RestoredStore | undefined {
    if (this.#head === undefined || this.#found) return undefined
    const { revision } = this.#head
    if (end < revision) return new RestoredStore(`The stored state has revision ${end}, but the signer knows revision ${revision}`)
    return new RestoredStore(
      this.#other
        ? `Revision ${revision} differs from the one that the signer knows`
        : `The signer knows revision ${revision}, at which no write of the store ends`,
    )
  }
}
