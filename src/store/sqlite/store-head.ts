// The end of a log as somebody else remembers it: a log that does not reach it was cut or put back to an earlier state.

export interface StoreHead {
  readonly revision: number
  /** The link behind the last block: bound to all blocks before. */
  readonly digest: Uint8Array
}

/** Remembers the newest end of the log. */
export interface StoreHeads {
  newest(): Promise<StoreHead | undefined>
  keep(head: StoreHead, signal: AbortSignal): Promise<void>
}

/** What is known of a log before it is loaded. */
export interface ExpectedLog {
  readonly head: StoreHead | undefined
  /** Takes a log that does not reach the head, and raises its revision far above, so that none comes twice. */
  readonly accept: boolean
}

/** How far an accepted log is raised above the newest revision that was ever remembered: more than could have been written since. As etcd's restore advises. */
export const restoredGap = 1_000_000_000

export class RestoredStore extends Error {
  constructor(what: string) {
    const advice =
      'Restore the newest backup of the whole data directory. To go on with this state and lose what came after it, start once with --accept-restored-store'
    super(`${what}: the store was put back to an earlier state, or lost its end. ${advice}`)
    this.name = 'RestoredStore'
  }
}

/** Follows a log while it is loaded, and finds out whether it holds the head. */
export class HeadSearch {
  readonly #head: StoreHead | undefined
  #other = false
  #found = false

  constructor(head: StoreHead | undefined) {
    this.#head = head
  }

  /** A state that was sealed as a whole at this revision. */
  sealedAt(revision: number, link: Uint8Array): void {
    // It comes later: nobody but us seals, and revisions never go back.
    if (this.#head !== undefined && revision > this.#head.revision) this.#found = true
    this.reached(revision, link)
  }

  /** The log holds a block that ends at this revision. */
  reached(revision: number, link: Uint8Array): void {
    if (this.#head === undefined || revision !== this.#head.revision) return
    if (Buffer.from(link).equals(this.#head.digest)) this.#found = true
    else this.#other = true
  }

  /** What is wrong with a log that ends at this revision. */
  problem(end: number): RestoredStore | undefined {
    if (this.#head === undefined || this.#found) return undefined
    const { revision } = this.#head
    if (end < revision) return new RestoredStore(`The stored state is of revision ${end}, and the signer remembers revision ${revision}`)
    return new RestoredStore(
      this.#other
        ? `Revision ${revision} is another one than the signer remembers`
        : `The signer remembers revision ${revision}, which no write of the store ends at`,
    )
  }
}
