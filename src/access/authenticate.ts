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

export type Authenticate = (credentials: Credentials) => Promise<Authentication>

/**
 * Resolves with `no-opinion` only if there was no credential at all, so that an invalid one is never treated as anonymous. Rejects if an
 * authenticator throws. A rejection contains each authenticator's reason.
 */
export function createAuthentication({ authenticators, denyList }: AuthenticationOptions): Authenticate {
  /** `at` is the authenticator that rejects; those before it had no opinion. */
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
  return async credentials => {
    for (let at = 0; at < authenticators.length; at++) {
      const authenticator = authenticators[at]
      if (authenticator === undefined) break
      let answer: Authentication
      try {
        answer = await authenticator.authenticate(credentials)
      } catch (err) {
        return reject(failure(authenticator, err), at)
      }
      if (answer.outcome !== 'no-opinion') return decide(answer, at)
    }
    const end = authenticators.length
    if (credentials.peerCertificate !== undefined) return reject('no authenticator accepts the client certificate', end)
    const bearer = bearerToken(credentials.authorization)
    if (bearer.form === 'none') return { outcome: 'no-opinion' }
    return reject(bearer.form === 'malformed' ? bearer.reason : 'no authenticator accepts the bearer token', end)
  }
}

/** The error's text may contain parts of the credential, so only its name is kept. */
const failure = (authenticator: Authenticator, err: unknown): string =>
  `authenticator ${authenticator.name} failed: ${err instanceof Error ? err.name : 'unknown error'}`

/** The reason of an authenticator for credentials of another form. */
export const unknownForm = 'does not know credentials of this form'
