// A second round of the changes to one request, where a webhook or policy changed something after others had seen the object.
import type { AdmissionRequest } from './admission.ts'

class Reinvocation {
  /** Whether this is the second round. */
  second = false
  /** Whether there shall be one. */
  wanted = false
  /** What plug-ins keep from the first round to the second, by their names. */
  readonly notes = new Map<string, unknown>()
}

const known = new WeakMap<AdmissionRequest, Reinvocation>()

/** Made where a plug-in first asks for it: most requests have none. */
function reinvocationOf(request: AdmissionRequest): Reinvocation {
  let found = known.get(request)
  if (found === undefined) {
    found = new Reinvocation()
    known.set(request, found)
  }
  return found
}

/** Begins the second round where one is wanted; there is no third. */
export function startsSecondRound(request: AdmissionRequest): boolean {
  const found = known.get(request)
  if (found === undefined || !found.wanted || found.second) return false
  found.second = true
  return true
}

/**
 * Which webhooks or policies of one plug-in have their say again: in the second round those that want to, where the object changed after them.
 * Kept from the first round to the second.
 */
export class Reinvokable {
  readonly #reinvocation: Reinvocation
  /** Those that want to see the object again once somebody changed it after them. */
  readonly #seen = new Set<string>()
  /** Those of them that are asked again. */
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
    if (this.#reinvocation.second && this.#seen.size > 0 && this.#left !== JSON.stringify(object)) this.#askAgain()
  }

  /** What the first round did not ask is not asked in the second. */
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
    // Only they are asked again by it.
    if (this.#seen.size > 0) this.#left = JSON.stringify(object)
  }

  #askAgain(): void {
    for (const id of this.#seen) this.#again.add(id)
    this.#seen.clear()
  }
}
