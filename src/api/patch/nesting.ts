// Limits the depth of values that a patch creates: successive operations could nest them far deeper than any body may be.
import { maxDepth } from '../schema/decode.ts'
import { badRequest, tooLarge } from '../status.ts'

/** Limit of members and items that all operations of one patch move. */
export const maxMoved = 2_000_000

/** Counts what the operations of one patch move. */
export class Nesting {
  #left = maxMoved

  /** Throws a 400 if a value at this path would be nested too deep, and a 413 if all operations move too much. */
  check(path: string, value: unknown): void {
    const levels = path.split('/').length - 1
    if (levels > maxDepth || this.#isDeeper(value, maxDepth - levels)) {
      throw badRequest(`the patched object is nested deeper than ${maxDepth} levels`)
    }
    if (this.#left < 0) throw tooLarge(`The operations of a JSON patch may move ${maxMoved} values together`)
  }

  #isDeeper(value: unknown, levels: number): boolean {
    if (--this.#left < 0 || typeof value !== 'object' || value === null) return false
    if (levels <= 0) return true
    for (const name in value) if (this.#isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true
    return false
  }
}
