// Who asks: the authenticators in their explicit order. The first that knows the credential decides, and what it rejects stays rejected.
import type { Authentication, Authenticator, AuthenticatorOpinion, Credentials } from './access.ts'
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
 * throws rejects. A rejection says what each one that was asked had against the credentials. Synchronous as long as the authenticators are.
 */
export function createAuthentication({ authenticators, denyList }: AuthenticationOptions): Authenticate {
  /** `at` is the one that rejects; those before it had no opinion. */
  const reject = (reason: string, at: number, by = authenticators[at]?.name): Authentication => {
    const asked: AuthenticatorOpinion[] = authenticators.slice(0, at).map(({ name }) => ({ authenticator: name, reason: unknownForm }))
    if (by !== undefined) asked.push({ authenticator: by, reason })
    return { outcome: 'rejected', reason, asked }
  }
  const decide = (decided: Authentication, at: number): Authentication => {
    if (decided.outcome === 'rejected') return reject(decided.reason, at)
    if (decided.outcome !== 'authenticated') return decided
    const why = denyList?.denies(decided)
    return why === undefined ? decided : reject(why, at, 'DenyList')
  }
  const askFrom = (credentials: Credentials, start: number): Authentication | Promise<Authentication> => {
    for (let at = start; at < authenticators.length; at++) {
      const authenticator = authenticators[at]
      if (authenticator === undefined) break
      let decided: Authentication | Promise<Authentication>
      try {
        decided = authenticator.authenticate(credentials)
      } catch (err) {
        return reject(failure(authenticator, err), at)
      }
      if (decided instanceof Promise) {
        return decided.then(
          answer => (answer.outcome === 'no-opinion' ? askFrom(credentials, at + 1) : decide(answer, at)),
          err => reject(failure(authenticator, err), at),
        )
      }
      if (decided.outcome !== 'no-opinion') return decide(decided, at)
    }
    const end = authenticators.length
    if (credentials.peerCertificate !== undefined) return reject('no authenticator accepts the client certificate', end)
    const bearer = bearerToken(credentials.authorization)
    if (bearer.form === 'none') return { outcome: 'no-opinion' }
    return reject(bearer.form === 'malformed' ? bearer.reason : 'no authenticator accepts the bearer token', end)
  }
  return credentials => askFrom(credentials, 0)
}

/** The error's text may hold parts of the credential, so that only its name is kept. */
const failure = (authenticator: Authenticator, err: unknown): string =>
  `authenticator ${authenticator.name} failed: ${err instanceof Error ? err.name : 'unknown error'}`

/** What an authenticator has against credentials that are not for it. */
export const unknownForm = 'does not know credentials of this form'
