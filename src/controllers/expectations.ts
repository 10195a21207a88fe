// What a controller has requested and not yet seen in its cache, so that it does not request it twice (upstream's
// UIDTrackingControllerExpectations).

interface Expected {
  creations: number
  readonly deletions: Set<string>
  readonly since: number
}

/** A lost watch event must not stop a controller forever. */
const expiryMs = 300_000

export class Expectations {
  readonly #byKey = new Map<string, Expected>()
  readonly #recheck: (key: string, afterMs: number) => void

  /** `lookAgain` brings the key back when its expectations expire, because no event may come. */
  constructor(recheck: (key: string, afterMs: number) => void) {
    this.#recheck = recheck
  }

  /** Whether all requested changes were seen, so that the cache is current. */
  fulfilled(key: string, now: number): boolean {
    const expected = this.#byKey.get(key)
    if (expected === undefined) return true
    return (expected.creations <= 0 && expected.deletions.size === 0) || now - expected.since > expiryMs
  }

  expect(key: string, wanted: { creations?: number; deletions?: readonly string[] }, now: number): void {
    this.#byKey.set(key, { creations: wanted.creations ?? 0, deletions: new Set(wanted.deletions), since: now })
    this.#recheck(key, expiryMs + 1)
  }

  /** A create was seen or failed. */
  created(key: string): void {
    const expected = this.#byKey.get(key)
    if (expected !== undefined) expected.creations--
  }

  /** A deletion was seen (begun or done) or failed. */
  deleted(key: string, uid: string): void {
    this.#byKey.get(key)?.deletions.delete(uid)
  }

  forget(key: string): void {
    this.#byKey.delete(key)
  }
}
