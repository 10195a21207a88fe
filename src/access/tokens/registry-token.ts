// Tokens for the cluster's registry alone, for users who have no ServiceAccount: who logs in with a certificate has no password.
import { randomUUID } from 'node:crypto'
import { registryAudience } from '../../api/repository-name.ts'
import { type Clock, formatTime } from '../../base/clock.ts'
import { isJsonObject, isTexts } from '../../base/json.ts'
import { type Authentication, authenticatedGroup, credentialIdExtra } from '../access.ts'
import { accountUserPrefix } from '../credentials/service-account-claims.ts'
import { type OwnTokenKeys, readOwnToken } from '../jwt/own-token.ts'
import type { Authenticated, DenyList } from '../revocation.ts'

/** The claim with what a user's token says of them; the signer accepts it for this audience only. */
const claim = 'bulkhead.dev'

export interface RegistryTokenParts {
  readonly issuer: string
  readonly clock: Clock
  readonly signToken: (claims: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<string>
}

export interface IssuedRegistryToken {
  readonly token: string
  /** RFC 3339. */
  readonly expirationTimestamp: string
  /** For the audit event. */
  readonly credentialId: string
}

/** For the user of this authentication; it ends no later than their credential. */
export async function issueRegistryToken(
  { user, credentialId, credentialAliases = [], expires }: Authenticated,
  expirationSeconds: number,
  { issuer, clock, signToken }: RegistryTokenParts,
  signal: AbortSignal,
): Promise<IssuedRegistryToken> {
  const now = Math.floor(clock.now() / 1000)
  const exp = Math.min(now + expirationSeconds, Math.floor((expires ?? Number.POSITIVE_INFINITY) / 1000))
  const jti = randomUUID()
  const { uid, groups } = user
  const content = { groups, ...(uid === undefined ? {} : { uid }), credentials: [credentialId, ...credentialAliases] }
  const claims = { aud: [registryAudience], exp, iat: now, nbf: now, iss: issuer, jti, sub: user.name, [claim]: content }
  const token = await signToken(claims, signal)
  return { token, expirationTimestamp: formatTime(exp * 1000), credentialId: `JTI=${jti}` }
}

export interface VerifyRegistryTokenParts {
  readonly issuer: string
  readonly keys: OwnTokenKeys
  readonly clock: Clock
  readonly denyList: Pick<DenyList, 'denies'>
}

const rejected = (reason: string) => ({ outcome: 'rejected', reason }) as const

/** `no-opinion` for other tokens. Whoever revokes the credential with which the token was requested has revoked the token. */
export function verifyRegistryToken(token: string, { issuer, keys, clock, denyList }: VerifyRegistryTokenParts): Authentication {
  const read = readOwnToken(token, issuer, keys)
  if ('refused' in read) return read.refused
  const { sub, aud, exp, nbf, jti, [claim]: content } = read.payload
  if (content === undefined) return { outcome: 'no-opinion' }
  if (!isJsonObject(content) || typeof sub !== 'string' || sub.startsWith(accountUserPrefix))
    return rejected('the token has malformed claims')
  const { groups, uid, credentials } = content
  if (!Array.isArray(aud) || aud.length !== 1 || aud[0] !== registryAudience) return rejected('the token is not for the registry')
  if (!isTexts(groups) || !isTexts(credentials) || typeof jti !== 'string') return rejected('the token has malformed claims')
  if (typeof exp !== 'number' || typeof nbf !== 'number') return rejected('the token has malformed claims')
  const now = clock.now()
  if (now >= exp * 1000) return rejected('the token has expired')
  if (now < nbf * 1000) return rejected('the token is not valid yet')
  const authentication = {
    outcome: 'authenticated',
    user: {
      name: sub,
      groups: [...new Set([...groups, authenticatedGroup])],
      ...(typeof uid === 'string' ? { uid } : {}),
      extra: { [credentialIdExtra]: [`JTI=${jti}`] },
    },
    credentialId: `jwt:${jti}`,
    credentialAliases: credentials,
    authenticator: 'registry-token',
    expires: exp * 1000,
    issued: nbf * 1000,
  } as const
  const denied = denyList.denies(authentication)
  return denied === undefined ? authentication : rejected(denied)
}
