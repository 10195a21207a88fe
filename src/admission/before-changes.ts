// The object of a request before webhooks and policies changed it: what the client sent, with the server's defaults.
import type { KubeObject } from '../api/object.ts'
import type { AdmissionRequest } from './admission.ts'

export interface BeforeChanges {
  /** Must not be changed. */
  readonly object: KubeObject
  /** What changed it since, as in errors: `admission webhook "x"`. */
  readonly changedBy: ReadonlySet<string>
}

const known = new WeakMap<AdmissionRequest, { readonly object: KubeObject; readonly changedBy: Set<string> }>()

/** Called just before the content of the request's object is replaced; only its first levels are copied. */
export function rememberBefore(request: AdmissionRequest, object: KubeObject, by: string): void {
  const found = known.get(request)
  if (found !== undefined) found.changedBy.add(by)
  else known.set(request, { object: { ...object, metadata: { ...object.metadata } }, changedBy: new Set([by]) })
}

/** Undefined if no webhook and no policy changed anything. */
export const beforeChanges = (request: AdmissionRequest): BeforeChanges | undefined => known.get(request)
