// What the first of the two image plug-ins found out of a request, for the second one: the answers, and the annotation that it wrote.
import type { ImageAnswer } from '../../supply-chain/policy/image-question.ts'
import type { AdmissionRequest } from '../admission.ts'

export interface Admitted {
  /** By the image as it stands in the object after pinning. */
  readonly answers: Map<string, ImageAnswer>
  /** Why no answer came, if none came. */
  failure?: string
  /** The annotation that the pod must have; undefined for none. */
  annotation?: string | undefined
}

const known = new WeakMap<AdmissionRequest, Admitted>()

export function admittedOf(request: AdmissionRequest): Admitted {
  const found = known.get(request) ?? { answers: new Map() }
  known.set(request, found)
  return found
}
