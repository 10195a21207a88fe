// An index of bootstrap tokens by id that follows their Secrets, so that no request reads a Secret.
import { type BootstrapToken, bootstrapTokenOf, tokenSecretPrefix } from '../../api/credentials/bootstrap-token.ts'
import { bootstrappersGroup, bootstrapUserPrefix } from '../../api/credentials/join-ticket-names.ts'
import type { Secret as SecretObject } from '../../api/types/core-v1.ts'
import { deepFreeze } from '../../base/data/freeze.ts'
import { authenticatedGroup, type CredentialSource } from '../access.ts'
import type { Authenticated, DenyList } from '../revocation.ts'
import { secretHash } from './secret-hash.ts'

/** Supplied by the composition: the token Secrets of kube-system, their current state and every later change. */
export interface BootstrapTokenSource {
  each(): Iterable<SecretObject>
  onChange(listener: (object: SecretObject, deleted: boolean) => void): void
}

export interface KnownToken {
  /** SHA-256 of the secret part. */
  readonly hash: Buffer
  readonly expires: number | undefined
  /** The token's user, or why it has none although its secret is right. */
  readonly holder: Authenticated | { readonly outcome: 'rejected'; readonly reason: string }
}

export interface BootstrapTokens {
  /** Undefined if it does not exist. */
  find(id: string): KnownToken | undefined
}

export const bootstrapTokenAuthenticator = 'bootstrap-token'

/** The deny list ends open streams of a token that is changed or deleted. */
export function createBootstrapTokens(secrets: BootstrapTokenSource, denyList: Pick<DenyList, 'endDenied'>): BootstrapTokens {
  const known = new Map<string, { readonly token: KnownToken; readonly source: { ended: string | undefined } }>()
  const apply = (object: SecretObject, deleted: boolean): void => {
    const id = (object.metadata.name ?? '').slice(tokenSecretPrefix.length)
    // After any change, streams of the old token end and must be opened again.
    const former = known.get(id)
    known.delete(id)
    const token = deleted ? undefined : bootstrapTokenOf(object)
    if (token !== undefined) {
      const source = { ended: undefined }
      known.set(id, { token: knownToken(token, source), source })
    }
    if (former === undefined) return
    former.source.ended = 'the bootstrap token was changed or deleted'
    denyList.endDenied()
  }
  for (const object of secrets.each()) apply(object, false)
  secrets.onChange(apply)
  return { find: id => known.get(id)?.token }
}

function knownToken({ id, secret, expires, authenticates, groups }: BootstrapToken, source: CredentialSource): KnownToken {
  const hash = secretHash(secret)
  if (!authenticates) return { hash, expires, holder: rejected('the bootstrap token is not for authentication') }
  if (groups === undefined) return { hash, expires, holder: rejected('the bootstrap token names a group that is not allowed') }
  const user = deepFreeze({ name: `${bootstrapUserPrefix}${id}`, groups: [bootstrappersGroup, ...groups, authenticatedGroup] })
  const credentialId = `${bootstrapTokenAuthenticator}:${id}`
  const ends = { source, ...(expires === undefined ? {} : { expires }) }
  return { hash, expires, holder: { outcome: 'authenticated', user, credentialId, authenticator: bootstrapTokenAuthenticator, ...ends } }
}

const rejected = (reason: string) => ({ outcome: 'rejected', reason }) as const
