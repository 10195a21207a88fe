// A target of the fuzzer: a function that reads untrusted bytes. `tools/fuzz-targets.ts` lists all targets.
import type { Arbitrary } from 'fast-check'

export interface FuzzTarget {
  /** Name of the target, and of its folder in `test/corpus`. */
  readonly name: string
  /** Nearly valid inputs that mutations of the corpus would not reach. */
  readonly inputs: Arbitrary<string | Uint8Array>
  /** Words of the language, which mutations insert. */
  readonly words?: readonly string[]
  /** Longest input, in bytes; default 4096. */
  readonly maxBytes?: number
  /**
   * Throws if the code under test breaks its contract: with an undeclared kind of error, disproportionate work, or a contradictory result.
   * Declared errors are caught here.
   */
  run(input: Buffer): void | Promise<void>
}

/** Runs `read`; true if it returned a value, false if it threw a declared error. Rethrows anything else. */
export function succeeds(read: () => unknown, ...declared: readonly (abstract new (...args: never[]) => Error)[]): boolean {
  try {
    read()
    return true
  } catch (err) {
    if (declared.some(type => err instanceof type)) return false
    throw err
  }
}
