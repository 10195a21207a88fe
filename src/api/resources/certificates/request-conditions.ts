// The conditions of a CertificateSigningRequest: which path may set which, and their valid combinations.
import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../types/certificates-v1.ts'

type Condition = CertificateSigningRequestCondition

const decisions = ['Approved', 'Denied'] as const
/** Permanent, and always true. */
const lasting: readonly string[] = [...decisions, 'Failed']
const anyStatus = ['False', 'True', 'Unknown']
const field = 'status.conditions'

const ofType = ({ status }: CertificateSigningRequest, type: string): Condition[] =>
  (status?.conditions ?? []).filter(condition => condition.type === type)

/** Decisions keep their old form. An added or missing one stays as sent, for `validateConditionChange` to reject. */
export function keepDecisions(object: CertificateSigningRequest, old: CertificateSigningRequest): void {
  for (const type of decisions) {
    const before = ofType(old, type)
    if (before.length !== ofType(object, type).length) continue
    let next = 0
    const conditions = object.status?.conditions?.map(condition => (condition.type === type ? (before[next++] ?? condition) : condition))
    if (conditions !== undefined) object.status = { ...object.status, conditions }
  }
}

/** Times that a client omitted: the update time is now; the transition time is now unless the condition had this status before. */
export function stampConditions(object: CertificateSigningRequest, old: CertificateSigningRequest, now: number): void {
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`
  const conditions = object.status?.conditions?.map((condition): Condition => {
    const before = ofType(old, condition.type).find(({ status, lastTransitionTime }) => status === condition.status && lastTransitionTime)
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime || time,
      lastTransitionTime: condition.lastTransitionTime || before?.lastTransitionTime || time,
    }
  })
  if (conditions !== undefined) object.status = { ...object.status, conditions }
}

export function validateConditions({ status }: CertificateSigningRequest, errors: FieldError[]): void {
  const seen = new Set<string>()
  status?.conditions?.forEach(({ type, status: value }, index) => {
    const at = `${field}[${index}]`
    if (type === '') errors.push(required(`${at}.type`))
    const allowed = lasting.includes(type) ? ['True'] : anyStatus
    if (value === '') errors.push(required(`${at}.status`))
    else if (!allowed.includes(value)) errors.push(notSupported(`${at}.status`, value, allowed))
    const other = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined
    if (other !== undefined && seen.has(other)) {
      errors.push(invalidValue(`${at}.type`, type, 'Approved and Denied conditions are mutually exclusive'))
    }
    if (seen.has(type)) errors.push(duplicate(`${at}.type`, type))
    seen.add(type)
  })
}

/** Permanent conditions cannot be removed; decisions are set only through `/approval`. */
export function validateConditionChange(
  object: CertificateSigningRequest,
  old: CertificateSigningRequest,
  path: { readonly approval: boolean },
  errors: FieldError[],
): void {
  for (const type of lasting) {
    if (ofType(object, type).length >= ofType(old, type).length) continue
    errors.push(forbiddenField(field, `updates may not remove a condition of type "${type}"`))
  }
  if (path.approval) return
  for (const type of decisions) {
    if (ofType(object, type).length <= ofType(old, type).length) continue
    errors.push(forbiddenField(field, `updates may not add a condition of type "${type}"`))
  }
}
