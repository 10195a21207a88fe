// The deny list: credentials and users that are no longer accepted, whatever their rights. Checked on each request, and notifies open
// streams.
import {
  accountTokensKind,
  nodeCertificatesKind,
  parseAccountTokens,
  parseNodeCertificates,
} from '../api/credentials/denied-credentials-names.ts'
import type { Authentication } from './access.ts'

export type Authenticated = Extract<Authentication, { outcome: 'authenticated' }>

/**
 * A denial of a certificate (SHA-256 fingerprint or serial number, hex), a token (its jti), a user (uid or name), or certificates of a
 * deleted Node (`<node>@<time>`: those that expire until then), or tokens of ServiceAccounts (`<time>`: those that were issued until then).
 */
export type Denial = {
  readonly kind:
    | 'certificate'
    | 'certificate-serial'
    | 'token'
    | 'user-uid'
    | 'user-name'
    | typeof nodeCertificatesKind
    | typeof accountTokensKind
  readonly value: string
}

export interface DenyList {
  /** Why this identity is denied; undefined if it is not. */
  denies(authentication: Authenticated): string | undefined
  /** Replaces the whole list, and ends open streams that are now denied. */
  replace(denials: readonly Denial[]): void
  /** Ends open streams that are now denied, because the source of a credential has ended. */
  endDenied(): void
  /** Calls `onDenied` once when the identity of an open stream becomes denied. Returns a function that stops it. */
  whenDenied(authentication: Authenticated, onDenied: (reason: string) => void): () => void
}

const keyOf = ({ kind, value }: Denial): string => {
  const hex = () => value.replaceAll(':', '').toLowerCase()
  if (kind === 'certificate') return `x509:${hex()}`
  if (kind === 'certificate-serial') return `x509-serial:${hex().replace(/^0+/, '')}`
  if (kind === 'token') return `jwt:${value}`
  return `${kind}:${value}`
}

/** By user: certificates that expire until then are denied. */
function deniedNodes(denials: readonly Denial[]): ReadonlyMap<string, number> {
  const nodes = new Map<string, number>()
  for (const { kind, value } of denials) {
    const parsed = kind === nodeCertificatesKind ? parseNodeCertificates(value) : undefined
    if (parsed === undefined) continue
    const user = `system:node:${parsed.node}`
    nodes.set(user, Math.max(parsed.until, nodes.get(user) ?? 0))
  }
  return nodes
}

/** Tokens of ServiceAccounts that were issued until then are denied; 0 for none. */
const deniedTokens = (denials: readonly Denial[]): number =>
  Math.max(0, ...denials.filter(({ kind }) => kind === accountTokensKind).map(({ value }) => parseAccountTokens(value) ?? 0))

export function createDenyList(denials: readonly Denial[] = []): DenyList {
  let denied = new Set(denials.map(keyOf))
  let nodes = deniedNodes(denials)
  let tokensUntil = deniedTokens(denials)
  const requests = new Set<{ readonly authentication: Authenticated; readonly onDenied: (reason: string) => void }>()

  const denies = ({ credentialId, credentialAliases, user, source, expires, issued }: Authenticated): string | undefined => {
    if (source?.ended !== undefined) return source.ended
    if (denied.size === 0) return undefined
    if (expires !== undefined && expires <= (nodes.get(user.name) ?? 0)) return 'the Node of this certificate was deleted'
    if (issued !== undefined && issued <= tokensUntil) return 'tokens of that time are denied'
    if (denied.has(credentialId) || credentialAliases?.some(alias => denied.has(alias))) return 'the credential is revoked'
    if (user.uid !== undefined && denied.has(`user-uid:${user.uid}`)) return 'the user is denied'
    return denied.has(`user-name:${user.name}`) ? 'the user is denied' : undefined
  }
  const endDenied = (): void => {
    for (const request of requests) {
      const reason = denies(request.authentication)
      if (reason === undefined) continue
      requests.delete(request)
      request.onDenied(reason)
    }
  }
  return {
    denies,
    endDenied,
    replace(next) {
      denied = new Set(next.map(keyOf))
      nodes = deniedNodes(next)
      tokensUntil = deniedTokens(next)
      endDenied()
    },
    whenDenied(authentication, onDenied) {
      const reason = denies(authentication)
      if (reason !== undefined) {
        onDenied(reason)
        return () => undefined
      }
      const request = { authentication, onDenied }
      requests.add(request)
      return () => void requests.delete(request)
    },
  }
}
