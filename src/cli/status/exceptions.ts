// The PodSecurityExceptions of the cluster: what each allows, who answers for it, and until when.

import type { PodSecurityException } from '../../api/types/bulkhead-v1alpha1.ts'
import { endedByAnnotation } from '../../assess/compensation.ts'

export interface ExceptionFacts {
  /** `namespace/name` */
  readonly name: string
  /** Ids of the checks that it lifts, of these fields alone where there are any. */
  readonly checks: readonly string[]
  readonly fields: readonly string[]
  readonly templateDigest: string
  readonly owner: string
  readonly reason: string
  /** RFC 3339. */
  readonly expires: string
  /** It has no effect any more. */
  readonly expired: boolean
  /** Ids of the proofs whose failure ended it. */
  readonly endedBy?: string
}

const endedBy = (proofs: string | undefined) => (proofs === undefined ? {} : { endedBy: proofs })

/** Pure; `now` in milliseconds since the epoch. Those that have an effect come first, in the order of their end. */
export function exceptionFacts(exceptions: readonly PodSecurityException[], now: number): ExceptionFacts[] {
  return exceptions
    .map(({ metadata, spec: { checks, fields = [], templateDigest, owner, reason, expires } }) => ({
      name: `${metadata.namespace}/${metadata.name}`,
      ...{ checks, fields, templateDigest, owner, reason },
      expires: expires ?? '',
      // What cannot be read as a time has no effect, as in admission.
      expired: !(now < Date.parse(expires ?? '')),
      ...endedBy(metadata.annotations?.[endedByAnnotation]),
    }))
    .toSorted((a, b) => Number(a.expired) - Number(b.expired) || a.expires.localeCompare(b.expires) || a.name.localeCompare(b.name))
}
