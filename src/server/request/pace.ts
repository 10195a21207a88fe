// When a request that works on a large object yields between its steps.
import type { Budget } from '../../base/async/turns.ts'

/** One step on an object of this size takes a few milliseconds; on the largest object about 60. */
const largeBytes = 64 * 1024
/** CEL rules may compare all parts of an object with each other, so from this size on one evaluation takes milliseconds. */
const largeBytesWithRules = 4 * 1024
/** Many objects of this total size, one after the other, take a few milliseconds too. */
export const bytesPerTurn = 32 * 1024

/** The budget of one request. Each step works on the whole object, so with a large object it yields after every step. */
export class Pace implements Budget {
  readonly #request: { readonly signal: AbortSignal }
  #bytes = 0
  #hasRules = false

  constructor(request: { readonly signal: AbortSignal }) {
    this.#request = request
  }

  /** Created on first use: most requests never need it. */
  get signal(): AbortSignal {
    return this.#request.signal
  }

  /** The object is validated by rules in CEL. */
  takesRules(): void {
    this.#hasRules = true
  }

  /** Notes the size of a body or stored object that the next steps work on. */
  takes(bytes: number): void {
    this.#bytes = Math.max(this.#bytes, bytes)
  }

  get isSpent(): boolean {
    return this.#bytes > (this.#hasRules ? largeBytesWithRules : largeBytes)
  }

  renew(): void {
    // Nothing to reset: the next step takes as long again.
  }
}
