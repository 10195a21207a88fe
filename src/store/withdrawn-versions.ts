// Versions that were decided and will not be stored as they are: other writes use their revisions.
import type { Entry } from './store.ts'
import { WriteConflict } from './store.ts'

export class WithdrawnVersions {
  readonly #successors = new WeakMap<Entry, Entry | undefined>()

  /** `successor` is the same write with another revision; undefined if it was refused. */
  replace(entry: Entry, successor: Entry | undefined): void {
    this.#successors.set(entry, successor)
  }

  /** What a decision on this version is now based on; throws `WriteConflict` if the version was refused. */
  current(entry: Entry | undefined): Entry | undefined {
    let found = entry
    while (found !== undefined && this.#successors.has(found)) {
      found = this.#successors.get(found)
      if (found === undefined) throw new WriteConflict(undefined, true)
    }
    return found
  }
}
