// A second round of the changes to one request, where a webhook or policy changed something after others had seen the object.
import type { AdmissionRequest } from './admission.ts'

export class Reinvocation {
  /** Whether this is the second round. */
  second = false
  /** Whether there shall be one. */
  wanted = false
  /** What plug-ins keep from the first round to the second, by their names. */
  readonly notes = new Map<string, unknown>()
}

const known = new WeakMap<AdmissionRequest, Reinvocation>()

/** Made where a plug-in first asks for it: most requests have none. */
export function reinvocationOf(request: AdmissionRequest): Reinvocation {
  let found = known.get(request)
  if (found === undefined) {
    found = new Reinvocation()
    known.set(request, found)
  }
  return found
}

/** Begins the second round where one is wanted; there is no third. */
export function beginsAgain(request: AdmissionRequest): boolean {
  const found = known.get(request)
  if (found === undefined || !found.wanted || found.second) return false
  found.second = true
  return true
}
