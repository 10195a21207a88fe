// The verdict of another implementation on a token, for tests.
import { createLocalJWKSet, errors, type JWK, jwtVerify } from 'jose'
import type { Claims } from './signed-token.ts'

export interface ExpectedToken {
  readonly issuer: string
  readonly audience: string
  readonly algorithms: readonly string[]
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

/** Whether jose accepts the token by one of these keys. Other errors than those for tokens and keys are thrown. */
export async function joseAccepts(
  token: string,
  keys: readonly Claims[],
  { issuer, audience, algorithms, now }: ExpectedToken,
): Promise<boolean> {
  try {
    await jwtVerify(token, createLocalJWKSet({ keys: keys.map((key): JWK => ({ kty: '', ...key })) }), {
      ...{ issuer, audience, algorithms: [...algorithms] },
      ...{ currentDate: new Date(now), requiredClaims: ['exp'] },
    })
    return true
  } catch (err) {
    if (err instanceof errors.JOSEError) return false
    throw err
  }
}
