// The PodSecurityExceptions of the cluster: what each allows, who owns it, and when it expires.

import type { PodSecurityException } from '../../api/types/bulkhead-v1alpha1.ts'
import { endedByAnnotation } from '../../assess/compensation.ts'

export interface ExceptionFacts {
  /** `namespace/name`. */
  readonly name: string
  /** Ids of the checks that it lifts; for these fields only, if there are any. */
  readonly checks: readonly string[]
  readonly fields: readonly string[]
  readonly templateDigest: string
  readonly owner: string
  readonly reason: string
  /** RFC 3339. */
  readonly expires: string
  /** It no longer has an effect. */
  readonly expired: boolean
  /** Ids of the proofs whose failure ended it. */
  readonly endedBy?: string
}

const endedBy = (proofs: string | undefined) => (proofs === undefined ? {} : { endedBy: proofs })

/** Pure; `now` in milliseconds since the epoch. Active ones come first, by expiry. */
export function exceptionFacts(exceptions: readonly PodSecurityException[], now: number): ExceptionFacts[] {
  return exceptions
    .map(({ metadata, spec: { checks, fields = [], templateDigest, owner, reason, expires } }) => ({
      name: `${metadata.namespace}/${metadata.name}`,
      ...{ checks, fields, templateDigest, owner, reason },
      expires: expires ?? '',
      // An invalid time means no effect, as in admission.
      expired: !(now < Date.parse(expires ?? '')),
      ...endedBy(metadata.annotations?.[endedByAnnotation]),
    }))
    .toSorted((a, b) => Number(a.expired) - Number(b.expired) || a.expires.localeCompare(b.expires) || a.name.localeCompare(b.name))
}
