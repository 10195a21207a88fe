// How a request that works on something large lets others have their turn between its steps.
import { turn } from '../../base/turns.ts'

/** One step on so much takes a few milliseconds; on the largest that there is some 60. */
const largeBytes = 64 * 1024
/** Rules in CEL may compare all parts of an object with one another: from so much on one evaluation takes milliseconds. */
const largeBytesWithRules = 4 * 1024

/** Of one request. */
export class Pace {
  #bytes = 0
  #hasRules = false

  /** The object is validated by rules in CEL. */
  takesRules(): void {
    this.#hasRules = true
  }

  /** What the next steps work on: a body, a stored object. */
  takes(bytes: number): void {
    this.#bytes = Math.max(this.#bytes, bytes)
  }

  /** Whether to rest between steps. */
  get isLarge(): boolean {
    return this.#bytes > (this.#hasRules ? largeBytesWithRules : largeBytes)
  }

  /** Until others had their turn. */
  rest(): Promise<void> {
    return turn()
  }
}

/** Of many objects, one after the other. */
export class PassPace {
  #bytes = 0

  /** Whether enough was done to rest before this one. */
  restsBefore(bytes: number): boolean {
    const rests = this.#bytes > 0 && this.#bytes + bytes > largeBytes
    this.#bytes = rests ? bytes : this.#bytes + bytes
    return rests
  }
}
