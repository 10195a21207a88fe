// All changes of a store in the order of their revisions, whatever their resource: the watches of all collections, merged.
import { followChanges } from '../../../store/follow-changes.ts'
import type { Entry, Store } from '../../../store/store.ts'

export interface StoreChange {
  readonly resource: string
  readonly deleted: boolean
  readonly entry: Entry
}

/**
 * Collects changes after a revision. Each revision is exactly one change, so one that is missing is of a collection that was created
 * meanwhile.
 */
export class StoreChanges implements Disposable {
  readonly #store: Store
  readonly #stop = new AbortController()
  readonly #followed = new Set<string>()
  readonly #pending = new Map<number, StoreChange>()
  readonly #onChange: () => void
  #next: number

  /** Throws `RevisionCompacted` if changes after this revision are no longer known. `onChange` is called when there may be some to take. */
  constructor(store: Store, after: number, onChange: () => void) {
    this.#store = store
    this.#next = after + 1
    this.#onChange = onChange
    this.#followAll()
  }

  /** Number of changes that wait to be taken. */
  get waiting(): number {
    return this.#pending.size
  }

  /** The revision up to which all changes were taken. */
  get reached(): number {
    return this.#next - 1
  }

  /** The next changes without a gap, at most `limit`. */
  take(limit: number): StoreChange[] {
    const taken: StoreChange[] = []
    while (taken.length < limit) {
      const change = this.#pending.get(this.#next)
      if (change === undefined && !this.#mayFollowMore()) break
      const found = change ?? this.#pending.get(this.#next)
      if (found === undefined) break
      this.#pending.delete(this.#next++)
      taken.push(found)
    }
    return taken
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
  }

  #mayFollowMore(): boolean {
    return this.#store.revision >= this.#next && this.#followAll()
  }

  /** Returns whether there was a new one. */
  #followAll(): boolean {
    let added = false
    for (const collection of this.#store.collections()) {
      const resource = collection.groupResource
      if (this.#followed.has(resource)) continue
      this.#followed.add(resource)
      added = true
      followChanges(collection, { after: this.#next - 1, signal: this.#stop.signal }, ({ type, event: { entry } }) => {
        if (entry.revision < this.#next) return
        this.#pending.set(entry.revision, { resource, deleted: type === 'DELETED', entry })
        this.#onChange()
      })
    }
    return added
  }
}
