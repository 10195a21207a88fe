// Who asks: the authenticators in their explicit order. The first that knows the credential decides, and what it rejects stays rejected.
import type { Authentication, Authenticator, Credentials } from './access.ts'
import { bearerToken } from './bearer-token.ts'
import type { DenyList } from './revocation.ts'

export interface AuthenticationOptions {
  readonly authenticators: readonly Authenticator[]
  /** Asked on every request, also for cached identities. */
  readonly denyList?: DenyList
}

export type Authenticate = (credentials: Credentials) => Authentication | Promise<Authentication>

/**
 * `no-opinion` comes back only where no credential was shown at all, so that a bad one is never taken for an anonymous request. An authenticator that
 * throws rejects. Synchronous as long as the authenticators are.
 */
export function createAuthentication({ authenticators, denyList }: AuthenticationOptions): Authenticate {
  const accept = (decided: Authentication): Authentication => {
    if (decided.outcome !== 'authenticated') return decided
    const why = denyList?.denies(decided)
    return why === undefined ? decided : { outcome: 'rejected', reason: why }
  }
  const askFrom = (credentials: Credentials, start: number): Authentication | Promise<Authentication> => {
    for (let at = start; at < authenticators.length; at++) {
      const authenticator = authenticators[at]
      if (authenticator === undefined) break
      let decided: Authentication | Promise<Authentication>
      try {
        decided = authenticator.authenticate(credentials)
      } catch (err) {
        return failed(authenticator, err)
      }
      if (decided instanceof Promise) {
        return decided.then(
          answer => (answer.outcome === 'no-opinion' ? askFrom(credentials, at + 1) : accept(answer)),
          err => failed(authenticator, err),
        )
      }
      if (decided.outcome !== 'no-opinion') return accept(decided)
    }
    if (credentials.peerCertificate !== undefined) return { outcome: 'rejected', reason: 'no authenticator accepts the client certificate' }
    const bearer = bearerToken(credentials.authorization)
    if (bearer.form === 'none') return { outcome: 'no-opinion' }
    return { outcome: 'rejected', reason: bearer.form === 'malformed' ? bearer.reason : 'no authenticator accepts the bearer token' }
  }
  return credentials => askFrom(credentials, 0)
}

/** The error's text may hold parts of the credential, so that only its name is kept. */
function failed(authenticator: Authenticator, err: unknown): Authentication {
  return { outcome: 'rejected', reason: `authenticator ${authenticator.name} failed: ${err instanceof Error ? err.name : 'unknown error'}` }
}
