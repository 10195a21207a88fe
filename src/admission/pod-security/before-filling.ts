// The fields that were filled in during a request, and the pod before that: an advised patch must apply to what the client has.
import type { PodSpec } from '../../api/types/core-v1.ts'
import type { AdmissionRequest } from '../admission.ts'

export interface Filling {
  readonly before: PodSpec
  readonly set: ReadonlySet<string>
}

const known = new WeakMap<AdmissionRequest, Filling>()

/** Plug-ins may run twice: the first pod and all fields count. */
export function rememberFilling(request: AdmissionRequest, before: PodSpec, set: readonly string[]): void {
  const earlier = known.get(request)
  known.set(request, { before: earlier?.before ?? before, set: new Set([...(earlier?.set ?? []), ...set]) })
}

/** Undefined if nothing was filled in. */
export const fillingOf = (request: AdmissionRequest): Filling | undefined => known.get(request)
