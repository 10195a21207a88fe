// Authentication: the authenticators in their explicit order. The first that recognizes the credential decides, and a rejected credential
// stays rejected.
import type { Authentication, Authenticator, AuthenticatorOpinion, Credentials } from './access.ts'
import { bearerToken } from './bearer-token.ts'
import type { DenyList } from './revocation.ts'

export interface AuthenticationOptions {
  readonly authenticators: readonly Authenticator[]
  /** Checked on every request, also for cached identities. */
  readonly denyList?: DenyList
}

export type Authenticate = (credentials: Credentials) => Authentication | Promise<Authentication>

/**
 * `no-opinion` is returned only without any credential, so that an invalid one never counts as anonymous. If an authenticator throws, the
 * credential is rejected. A rejection lists the reason of each authenticator. Synchronous as long as the authenticators are.
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

/** The error's text may contain parts of the credential, so only its name is kept. */
const failure = (authenticator: Authenticator, err: unknown): string =>
  `authenticator ${authenticator.name} failed: ${err instanceof Error ? err.name : 'unknown error'}`

/** The reason of an authenticator for credentials of another form. */
export const unknownForm = 'does not know credentials of this form'
