// What the fuzzer drives: something that reads bytes of others. `tools/fuzz-targets.ts` lists all targets.
import type { Arbitrary } from 'fast-check'

export interface FuzzTarget {
  /** Of the target, and of its folder in `test/corpus`. */
  readonly name: string
  /** Inputs that are nearly well-formed: those that no mutation of the corpus would come to. */
  readonly inputs: Arbitrary<string | Uint8Array>
  /** Words of the language, which mutations put in. */
  readonly words?: readonly string[]
  /** Longest input, in bytes; default 4096. */
  readonly maxBytes?: number
  /**
   * Throws where the code under test breaks its word: by an error of another kind than it declares, by work that is not in proportion, or by a result that
   * contradicts itself. Errors that it declares are caught here.
   */
  run(input: Buffer): void | Promise<void>
}

/** Runs `read`; true where it gave a value, false where it threw one of the errors that it declares. Anything else is thrown on. */
export function succeeds(read: () => unknown, ...declared: readonly (abstract new (...args: never[]) => Error)[]): boolean {
  try {
    read()
    return true
  } catch (err) {
    if (declared.some(type => err instanceof type)) return false
    throw err
  }
}
