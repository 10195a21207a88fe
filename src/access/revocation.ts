// The deny list: credentials and users that are no longer accepted, whatever grants them something. Asked on each request, and told to open streams.
import type { Authentication } from './access.ts'

export type Authenticated = Extract<Authentication, { outcome: 'authenticated' }>

/** What is denied: a certificate (SHA-256 fingerprint or serial number, hex), a token (its jti), or a user (uid or name). */
export type Denial = { readonly kind: 'certificate' | 'certificate-serial' | 'token' | 'user-uid' | 'user-name'; readonly value: string }

export interface DenyList {
  /** Why this identity is denied; undefined where it is not. */
  denies(authentication: Authenticated): string | undefined
  /** Replaces the whole list, and ends open streams that it now denies. */
  replace(denials: readonly Denial[]): void
  /** Ends open streams that are denied by now: the source of a credential has ended. */
  endDenied(): void
  /** Calls `onDenied` once when the identity of an open stream becomes denied. Returns the function that ends the interest. */
  whenDenied(authentication: Authenticated, onDenied: (reason: string) => void): () => void
}

const keyOf = ({ kind, value }: Denial): string => {
  const hex = () => value.replaceAll(':', '').toLowerCase()
  if (kind === 'certificate') return `x509:${hex()}`
  if (kind === 'certificate-serial') return `x509-serial:${hex().replace(/^0+/, '')}`
  if (kind === 'token') return `jwt:${value}`
  return `${kind}:${value}`
}

export function createDenyList(denials: readonly Denial[] = []): DenyList {
  let denied = new Set(denials.map(keyOf))
  const streams = new Map<symbol, { readonly authentication: Authenticated; readonly onDenied: (reason: string) => void }>()

  const denies = ({ credentialId, credentialAliases, user, source }: Authenticated): string | undefined => {
    if (source?.ended !== undefined) return source.ended
    if (denied.size === 0) return undefined
    if (denied.has(credentialId) || credentialAliases?.some(alias => denied.has(alias))) return 'the credential is revoked'
    if (user.uid !== undefined && denied.has(`user-uid:${user.uid}`)) return 'the user is denied'
    return denied.has(`user-name:${user.name}`) ? 'the user is denied' : undefined
  }
  const endDenied = (): void => {
    for (const [id, { authentication, onDenied }] of streams) {
      const reason = denies(authentication)
      if (reason === undefined) continue
      streams.delete(id)
      onDenied(reason)
    }
  }
  return {
    denies,
    endDenied,
    replace(next) {
      denied = new Set(next.map(keyOf))
      endDenied()
    },
    whenDenied(authentication, onDenied) {
      const reason = denies(authentication)
      if (reason !== undefined) {
        onDenied(reason)
        return () => undefined
      }
      const id = Symbol('stream')
      streams.set(id, { authentication, onDenied })
      return () => void streams.delete(id)
    },
  }
}
