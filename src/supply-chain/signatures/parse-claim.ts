// What was found with an image, as a claim or as the reason why it is none.
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Claim, ClaimKind, ClaimSource, Claims, UnreadableClaim } from './claim.ts'
import { type ParsedClaim, parseBundle } from './parse-bundle.ts'
import { parseCosignAttestation, parseCosignSignature } from './parse-cosign.ts'

const parsers: Readonly<Record<ClaimKind, (source: ClaimSource) => ParsedClaim>> = {
  signature: ({ layer, content }) => parseCosignSignature(layer, content),
  attestation: ({ layer, content }) => parseCosignAttestation(layer, content),
  bundle: ({ content }) => parseBundle(content),
}

export function parseClaim(source: ClaimSource): Claim | UnreadableClaim {
  try {
    return { ...parsers[source.kind](source), source }
  } catch (err) {
    if (!(err instanceof UserError)) throw err
    return { origin: source.layer.digest, problem: messageOf(err) }
  }
}

/** In their order. */
export function claimsOf(digest: Claims['digest'], parsed: readonly (Claim | UnreadableClaim)[]): Claims {
  const isReadable = (claim: Claim | UnreadableClaim): claim is Claim => 'statement' in claim
  const isUnreadable = (claim: Claim | UnreadableClaim): claim is UnreadableClaim => 'problem' in claim
  return { digest, readable: parsed.filter(isReadable), unreadable: parsed.filter(isUnreadable) }
}
