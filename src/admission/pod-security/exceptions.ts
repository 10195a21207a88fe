// Which findings the PodSecurityExceptions of a namespace lift.
import type { PodSecurityException } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Finding } from './evaluate.ts'

/** On the audit event: the exceptions with which a pod or workload was admitted. */
export const exceptionAnnotation = 'admission.bulkhead.dev/pod-security-exceptions'

export interface Excepted {
  readonly left: readonly Finding[]
  /** Those that lifted something. */
  readonly used: readonly PodSecurityException[]
}

/** Pure. `now` in milliseconds since the epoch; expired exceptions have no effect. */
export function except(findings: readonly Finding[], exceptions: readonly PodSecurityException[], digest: string, now: number): Excepted {
  const valid = exceptions.filter(({ spec }) => spec.templateDigest === digest && now < Date.parse(spec.expires ?? ''))
  const used = new Set<PodSecurityException>()
  const left = findings.filter(finding => {
    const covering = valid.filter(exception => covers(exception, finding))
    for (const exception of covering) used.add(exception)
    return covering.length === 0
  })
  return { left, used: [...used] }
}

function covers({ spec: { checks, fields = [] } }: PodSecurityException, { check, result }: Finding): boolean {
  // Ephemeral containers are not part of the approved workload.
  if (!checks.includes(check.id) || result.fields.some(field => field.startsWith('spec.ephemeralContainers'))) return false
  return fields.length === 0 || result.fields.every(field => fields.some(allowed => isWithin(field, allowed)))
}

const isWithin = (field: string, allowed: string): boolean =>
  field === allowed || field.startsWith(`${allowed}.`) || field.startsWith(`${allowed}[`)
