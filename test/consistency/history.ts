// What clients asked a store of versioned objects, and what they got: the input of the checker. It knows nothing of the product.

/**
 * Each write has a `value` of its own, so that an observed value names its write. Times are ticks of one counter: an operation that ended
 * before another was invoked has the smaller tick.
 */
interface Call {
  readonly client: number
  readonly invoked: number
  /** Infinity while no answer has come. */
  readonly ended: number
}

export interface Version {
  readonly key: string
  readonly revision: number
  readonly value: string
}

/**
 * `refused`: the precondition did not hold. `failed`: an answer says that nothing was written. `unknown`: no answer, or one that leaves
 * both possible.
 */
export type WriteOutcome = 'ok' | 'refused' | 'failed' | 'unknown'

export interface Write extends Call {
  readonly kind: 'write'
  readonly key: string
  /** The revision that the write replaces; 0 for a creation. */
  readonly expected: number
  /** Undefined for a deletion. */
  readonly value: string | undefined
  /** Of the object after the write, for selections. */
  readonly group: string
  readonly outcome: WriteOutcome
  /** Of an acknowledged write. The answer to a deletion has none. */
  readonly revision?: number
}

/** A read of one object, which must see all that was acknowledged before it. */
export interface Read extends Call {
  readonly kind: 'read'
  readonly key: string
  readonly found: Version | undefined
}

/** A list, which must be the state of one revision, and see all that was acknowledged before it. */
export interface List extends Call {
  readonly kind: 'list'
  /** Undefined for all objects. */
  readonly group: string | undefined
  /** One for each request of the chain of continue tokens. */
  readonly pages: readonly { readonly revision: number; readonly versions: readonly Version[] }[]
}

export type WatchRecord =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly at: number; readonly version: Version }
  | { readonly type: 'BOOKMARK'; readonly at: number; readonly revision: number }

/** What a client saw from `after` on, over all connections that resumed from its last revision. */
export interface Watch {
  readonly kind: 'watch'
  readonly client: number
  readonly group: string | undefined
  readonly after: number
  readonly records: readonly WatchRecord[]
  /** The client waited until it had everything up to this revision. */
  readonly reached?: number
}

export interface History {
  readonly writes: readonly Write[]
  readonly reads: readonly Read[]
  readonly lists: readonly List[]
  readonly watches: readonly Watch[]
}

export interface Violation {
  readonly rule:
    | 'phantom'
    | 'revision used twice'
    | 'applied twice'
    | 'refused but applied'
    | 'two winners'
    | 'order'
    | 'absence'
    | 'refused without a reason'
    | 'list'
    | 'pages'
    | 'watch'
    | 'bookmark'
  readonly text: string
}
