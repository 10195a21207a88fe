// A second round of mutations of one request, if a webhook or policy changed the object after others had seen it.
import { writeJson } from '../base/write-json.ts'
import type { AdmissionRequest } from './admission.ts'

class Reinvocation {
  /** Whether this is the second round. */
  second = false
  /** Whether it is requested. */
  wanted = false
  /** State of plug-ins from the first round for the second, by plug-in name. */
  readonly notes = new Map<string, unknown>()
}

const known = new WeakMap<AdmissionRequest, Reinvocation>()

/** Created on first use: most requests need none. */
function reinvocationOf(request: AdmissionRequest): Reinvocation {
  let found = known.get(request)
  if (found === undefined) {
    found = new Reinvocation()
    known.set(request, found)
  }
  return found
}

/** Begins the second round if it is requested; there is no third. */
export function startsSecondRound(request: AdmissionRequest): boolean {
  const found = known.get(request)
  if (found === undefined || !found.wanted || found.second) return false
  found.second = true
  return true
}

/**
 * Decides which webhooks or policies of one plug-in run again in the second round: those that request it, if the object changed after them.
 * Kept across both rounds.
 */
export class Reinvokable {
  readonly #reinvocation: Reinvocation
  /** Those that request to see later changes. */
  readonly #seen = new Set<string>()
  /** Those that run again. */
  readonly #again = new Set<string>()
  /** The object as this plug-in left it. */
  #left = ''

  constructor(reinvocation: Reinvocation) {
    this.#reinvocation = reinvocation
  }

  static of(request: AdmissionRequest, plugin: string): Reinvokable {
    const reinvocation = reinvocationOf(request)
    const known = reinvocation.notes.get(plugin)
    if (known instanceof Reinvokable) return known
    const made = new Reinvokable(reinvocation)
    reinvocation.notes.set(plugin, made)
    return made
  }

  get round(): 0 | 1 {
    return this.#reinvocation.second ? 1 : 0
  }

  begin({ object }: AdmissionRequest): void {
    if (this.#reinvocation.second && this.#seen.size > 0 && this.#left !== writeJson(object)) this.#askAgain()
  }

  /** A webhook or policy that did not run in the first round does not run in the second. */
  mayCall(id: string): boolean {
    return !this.#reinvocation.second || this.#again.delete(id)
  }

  asked(id: string, outcome: { readonly changed: boolean; readonly ifNeeded: boolean }): void {
    if (outcome.changed) {
      this.#askAgain()
      this.#reinvocation.wanted = true
    }
    if (outcome.ifNeeded) this.#seen.add(id)
  }

  end({ object }: AdmissionRequest): void {
    // Only they can run again because of it.
    if (this.#seen.size > 0) this.#left = writeJson(object)
  }

  #askAgain(): void {
    for (const id of this.#seen) this.#again.add(id)
    this.#seen.clear()
  }
}
