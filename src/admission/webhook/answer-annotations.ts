// Audit annotations from an external server: with a prefix that names it, and limited in size.
import { qualifiedName } from '../../api/validation/names.ts'
import type { AdmissionRequest } from '../admission.ts'

/** Limit of annotations per answer; further ones are dropped. */
const maxAnnotations = 32
/** Limit of UTF-16 units of a value; longer ones are cut. */
const maxAnnotationLength = 10 * 1024

/** `prefix` ends with a slash. Keys that are not qualified names with it are dropped. */
export function annotateAnswer(request: AdmissionRequest, prefix: string, annotations: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(annotations).slice(0, maxAnnotations)) {
    const full = prefix + key
    if (qualifiedName(full).length === 0) request.annotate(full, value.slice(0, maxAnnotationLength))
  }
}
