// How a request that works on something large lets others have their turn between its steps.
import type { Budget } from '../../base/async/turns.ts'

/** One step on so much takes a few milliseconds; on the largest that there is some 60. */
const largeBytes = 64 * 1024
/** Rules in CEL may compare all parts of an object with one another: from so much on one evaluation takes milliseconds. */
const largeBytesWithRules = 4 * 1024
/** So much of many objects, one after the other, takes a few milliseconds too. */
export const bytesPerTurn = 32 * 1024

/** Of one request, each of whose steps works on all of its object: where that is large, others are due after each. */
export class Pace implements Budget {
  readonly #request: { readonly signal: AbortSignal }
  #bytes = 0
  #hasRules = false

  constructor(request: { readonly signal: AbortSignal }) {
    this.#request = request
  }

  /** Made when it is first asked for: most requests never need it. */
  get signal(): AbortSignal {
    return this.#request.signal
  }

  /** The object is validated by rules in CEL. */
  takesRules(): void {
    this.#hasRules = true
  }

  /** What the next steps work on: a body, a stored object. */
  takes(bytes: number): void {
    this.#bytes = Math.max(this.#bytes, bytes)
  }

  get isSpent(): boolean {
    return this.#bytes > (this.#hasRules ? largeBytesWithRules : largeBytes)
  }

  renew(): void {
    // The next step takes as long again.
  }
}
