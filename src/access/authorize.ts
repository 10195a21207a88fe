// May they: the authorizers in their explicit order, the first allow or deny decides, and nobody's opinion means no.
import type { AccessVerdict, Attributes, Authorizer } from './access.ts'

export interface Authorization {
  readonly authorizers: readonly Authorizer[]
  authorize(attributes: Attributes): AccessVerdict
}

/** The reasons of those without an opinion are joined, as upstream shows them in the 403. */
export function createAuthorization(authorizers: readonly Authorizer[]): Authorization {
  return {
    authorizers,
    authorize(attributes) {
      let reasons = ''
      for (const authorizer of authorizers) {
        const decided = authorizer.authorize(attributes)
        if (decided.decision === 'allow') return { allowed: true, authorizer: authorizer.name, reason: decided.reason }
        if (decided.reason !== '') reasons = reasons === '' ? decided.reason : `${reasons}\n${decided.reason}`
        if (decided.decision === 'deny') return { allowed: false, reason: reasons, denied: true }
      }
      return { allowed: false, reason: reasons }
    },
  }
}
