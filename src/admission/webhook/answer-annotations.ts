// Audit annotations that somebody else's server answered: under a prefix that says whose they are, and no more than a record can bear.
import { qualifiedName } from '../../api/validation/names.ts'
import type { AdmissionRequest } from '../admission.ts'

/** Annotations of one answer; those behind are left out. */
const maxAnnotations = 32
/** UTF-16 units of a value; what is longer is cut. */
const maxAnnotationLength = 10 * 1024

/** `prefix` ends with a slash. Keys that are no qualified names with it are left out. */
export function annotateAnswer(request: AdmissionRequest, prefix: string, annotations: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(annotations).slice(0, maxAnnotations)) {
    const full = prefix + key
    if (qualifiedName(full).length === 0) request.annotate(full, value.slice(0, maxAnnotationLength))
  }
}
