// When each commit may have happened. Revisions give the order of commits, so a history is linearizable if every commit can be given a
// time: not after a later commit's, and within the bounds that the operations set. Each bound is a comparison, the whole check linear.
import type { Commits } from './commits.ts'
import type { Violation } from './history.ts'

export class CommitTimes {
  readonly #commits: Commits
  /** The commit happened after / before this tick; and the reason. */
  readonly #after: Float64Array
  readonly #before: Float64Array
  readonly #reasonAfter: string[] = []
  readonly #reasonBefore: string[] = []

  constructor(commits: Commits) {
    this.#commits = commits
    this.#after = new Float64Array(commits.all.length).fill(Number.NEGATIVE_INFINITY)
    this.#before = new Float64Array(commits.all.length).fill(Number.POSITIVE_INFINITY)
  }

  /** No effect for a place that does not exist: nothing came before the first commit, or after the last. */
  notBefore(place: number, tick: number, reason: string): void {
    if (place < 0 || place >= this.#after.length || tick <= (this.#after[place] ?? 0)) return
    this.#after[place] = tick
    this.#reasonAfter[place] = reason
  }

  notAfter(place: number, tick: number, reason: string): void {
    if (place < 0 || place >= this.#before.length || tick >= (this.#before[place] ?? 0)) return
    this.#before[place] = tick
    this.#reasonBefore[place] = reason
  }

  /** Makes the bounds hold for the whole order, and reports each commit that cannot be given a time. */
  settle(report: (violation: Violation) => void): void {
    const { all } = this.#commits
    let latest = 0
    for (let place = 0; place < all.length; place++) {
      if ((this.#after[place] ?? 0) > (this.#after[latest] ?? 0)) latest = place
      const before = this.#before[place] ?? 0
      const after = this.#after[latest] ?? 0
      if (after > before)
        report({
          rule: 'order',
          text:
            `${all[latest]?.key} at ${all[latest]?.revision} came after tick ${after} (${this.#reasonAfter[latest]}), and ${all[place]?.key} ` +
            `at ${all[place]?.revision} before tick ${before} (${this.#reasonBefore[place]})`,
        })
      this.#after[place] = after
    }
    for (let place = all.length - 2; place >= 0; place--)
      this.#before[place] = Math.min(this.#before[place] ?? 0, this.#before[place + 1] ?? 0)
  }

  /** After `settle`: whether the key was absent, or present, at some instant between the ticks. */
  couldBe(state: 'absent' | 'present', key: string, from: number, to: number): boolean {
    const places = this.#commits.of(key)
    // The first commit that may have happened after `from` ends the first state that may have been seen.
    let [low, high] = [0, places.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#before[places[middle] ?? 0] ?? 0) < from) low = middle + 1
      else high = middle
    }
    for (let index = low - 1; index < places.length; index++) {
      const place = places[index]
      if (place !== undefined && (this.#after[place] ?? 0) > to) return false
      const isPresent = place !== undefined && this.#commits.all[place]?.value !== undefined
      if (isPresent === (state === 'present')) return true
    }
    return false
  }
}
