// What was filled in during a request, and the pod as it was before: a patch that is advised must fit what the client has.
import type { PodSpec } from '../../api/types/core-v1.ts'
import type { AdmissionRequest } from '../admission.ts'

export interface Filling {
  readonly before: PodSpec
  readonly set: ReadonlySet<string>
}

const known = new WeakMap<AdmissionRequest, Filling>()

/** Plug-ins may run twice: the first pod counts, and all that was set. */
export function rememberFilling(request: AdmissionRequest, before: PodSpec, set: readonly string[]): void {
  const earlier = known.get(request)
  known.set(request, { before: earlier?.before ?? before, set: new Set([...(earlier?.set ?? []), ...set]) })
}

/** Undefined where nothing was filled in. */
export const fillingOf = (request: AdmissionRequest): Filling | undefined => known.get(request)
