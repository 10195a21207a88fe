// Claims as JSON, to be kept beside an image: verified again from there when its registry is gone, or a signer is revoked.
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { parseDescriptor } from '../oci/descriptor.ts'
import { isDigest } from '../oci/digest.ts'
import { sha256Of } from '../oci/verified-content.ts'
import type { Claim, ClaimKind, ClaimSource, Claims, UnreadableClaim } from './claim.ts'
import { maxClaims } from './collect-claims.ts'
import { claimsOf, parseClaim } from './parse-claim.ts'

const kinds: readonly ClaimKind[] = ['signature', 'attestation', 'bundle']

export interface StoredClaims {
  readonly digest: string
  readonly sources: readonly { readonly kind: ClaimKind; readonly layer: object; readonly content: string }[]
  readonly unreadable: readonly UnreadableClaim[]
}

export const storeClaims = ({ digest, readable, unreadable }: Claims): StoredClaims => ({
  digest,
  sources: readable.map(({ source: { kind, layer, content } }) => ({ kind, layer, content: Buffer.from(content).toString('base64') })),
  unreadable,
})

/** `value` is what storeClaims() returned, read from JSON. Throws a UserError that begins with `where` if it was changed. */
export function readStoredClaims(value: unknown, where: string): Claims {
  const { digest, sources, unreadable } = isJsonObject(value) ? value : {}
  if (typeof digest !== 'string' || !isDigest(digest)) throw new UserError(`${where}.digest must be a digest`)
  if (!Array.isArray(sources) || sources.length > maxClaims)
    throw new UserError(`${where}.sources must be a list of at most ${maxClaims} entries`)
  if (!Array.isArray(unreadable) || unreadable.length > maxClaims)
    throw new UserError(`${where}.unreadable must be a list of at most ${maxClaims} entries`)
  const parsed = sources.map((source, at) => parseClaim(readSource(source, `${where}.sources[${at}]`)))
  return claimsOf(digest, [...parsed, ...unreadable.map((claim, at) => readUnreadable(claim, `${where}.unreadable[${at}]`))])
}

function readSource(value: unknown, where: string): ClaimSource {
  const { kind, layer, content } = isJsonObject(value) ? value : {}
  const known = kinds.find(each => each === kind)
  if (known === undefined || typeof content !== 'string') throw new UserError(`${where} must have kind and content`)
  const descriptor = parseDescriptor(layer, `${where}.layer`)
  const bytes = Buffer.from(content, 'base64')
  if (bytes.length !== descriptor.size || (descriptor.digest.startsWith('sha256:') && sha256Of(bytes) !== descriptor.digest))
    throw new UserError(`${where}.content is not what the digest ${descriptor.digest} names`)
  return { kind: known, layer: descriptor, content: bytes }
}

function readUnreadable(value: unknown, where: string): Claim | UnreadableClaim {
  const { origin, problem } = isJsonObject(value) ? value : {}
  if (typeof origin !== 'string' || !isDigest(origin) || typeof problem !== 'string')
    throw new UserError(`${where} must have origin and problem`)
  return { origin, problem }
}
