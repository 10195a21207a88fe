// Verifies one claim for one signer: with a key, or with a short-lived certificate of sigstore.
import { X509Certificate } from 'node:crypto'
import { type SignedEntity, type TrustMaterial, toSignedEntity, Verifier } from '@sigstore/verify'
import { messageOf } from '../../base/user-error.ts'
import { requireLoggedKey } from './logged-key.ts'
import type { ParsedClaim } from './parse-bundle.ts'
import { signatureHolds } from './public-key.ts'
import type { SigstoreRoot, TrustedSignatureKey, TrustRoot } from './trust-root.ts'

export type VerifiedSigner =
  /** `at`: when a log or a timestamp authority of the trust root saw the signature, in milliseconds since the epoch. */
  | { readonly kind: 'key'; readonly trustRoot: string; readonly key: string; readonly at?: number }
  | { readonly kind: 'keyless'; readonly trustRoot: string; readonly issuer: string; readonly subject: string; readonly at: number }

export type ClaimVerdict =
  | { readonly verified: true; readonly signer: VerifiedSigner }
  | { readonly verified: false; readonly reason: string }

const refused = (reason: string): ClaimVerdict => ({ verified: false, reason })

/** `now` in milliseconds since the epoch. Says nothing of which image the claim is about. */
export function verifyByKey(claim: ParsedClaim, trustRoot: TrustRoot, keyName: string, now: number): ClaimVerdict {
  const outside = outsideValidity(trustRoot, now)
  if (outside !== undefined) return refused(outside)
  const key = trustRoot.keys.get(keyName)
  if (key === undefined) return refused(`trust root "${trustRoot.name}" has no key "${keyName}"`)
  if (!signatureHolds(key, claim.signed, claim.signature)) return refused(`it is not signed with key "${keyName}"`)
  const { sigstore } = trustRoot
  const at = sigstore === undefined || hasExpired(sigstore, now) ? undefined : witnessedAt(claim, key, sigstore)
  const time = at ?? now
  if (time < key.validity.notBefore || time > key.validity.notAfter)
    return refused(`key "${keyName}" was not valid when it was used, ${shownTime(time)}`)
  return unlessRevoked(trustRoot, { kind: 'key', trustRoot: trustRoot.name, key: keyName, ...(at === undefined ? {} : { at }) })
}

/** The same for a certificate; the caller decides whether the identity is the required one. */
export function verifyKeyless(claim: ParsedClaim, trustRoot: TrustRoot, now: number): ClaimVerdict {
  const { sigstore, withoutSigstore, name } = trustRoot
  const outside = outsideValidity(trustRoot, now)
  if (outside !== undefined) return refused(outside)
  if (sigstore === undefined)
    return refused(
      withoutSigstore === undefined
        ? `trust root "${name}" has no authority for certificates`
        : `trust root "${name}" has no authorities: ${withoutSigstore}`,
    )
  if (hasExpired(sigstore, now))
    return refused(`the TUF metadata of trust root "${name}" expired at ${shownTime(sigstore.expires ?? now)}, and no newer came`)
  const found = certificateOf(claim, sigstore)
  return 'problem' in found ? refused(found.problem) : unlessRevoked(trustRoot, { kind: 'keyless', trustRoot: name, ...found })
}

const hasExpired = ({ expires = Number.POSITIVE_INFINITY }: SigstoreRoot, now: number): boolean => now > expires

type Certified = { readonly issuer: string; readonly subject: string; readonly at: number } | { readonly problem: string }

/** By what was trusted and required, then by claim. */
const certified = new WeakMap<TrustMaterial, Map<string, WeakMap<ParsedClaim, Certified>>>()

/** It depends on nothing but its arguments, not on the time either: each claim is verified once by each trusted root. */
function certificateOf(claim: ParsedClaim, sigstore: SigstoreRoot): Certified {
  const { material, thresholds } = sigstore
  const byThresholds = certified.get(material) ?? new Map<string, WeakMap<ParsedClaim, Certified>>()
  certified.set(material, byThresholds)
  const key = [thresholds.transparencyLogs, thresholds.certificateLogs, thresholds.timestamps].join()
  const known = byThresholds.get(key) ?? new WeakMap<ParsedClaim, Certified>()
  byThresholds.set(key, known)
  const found = known.get(claim) ?? verifyCertificate(claim, sigstore)
  known.set(claim, found)
  return found
}

function verifyCertificate(claim: ParsedClaim, sigstore: SigstoreRoot): Certified {
  try {
    const entity = entityOf(claim)
    if (entity.key.$case !== 'certificate') return { problem: 'it is signed with a key, not with a certificate' }
    const times = timesOf(entity)
    const { identity } = verifierOf(sigstore).verify(entity)
    const stamped = entity.timestamps.filter(({ $case }) => $case === 'timestamp-authority').length
    const { timestamps } = sigstore.thresholds
    if (stamped < timestamps) return { problem: `it has ${stamped} timestamps, ${timestamps} are required` }
    const leaf = leafOf(claim)
    if (leaf === undefined || !(leaf.keyUsage ?? []).includes(codeSigning)) return { problem: 'its certificate is not for signing code' }
    requireLoggedKey(entity.tlogEntries, leaf.publicKey)
    const [issuer, subject] = [identity?.extensions?.issuer, identity?.subjectAlternativeName]
    if (!issuer || !subject) return { problem: 'its certificate names no issuer or no subject' }
    return { issuer, subject, at: Math.min(...times) }
  } catch (err) {
    // The library throws for each fault, and decoders of certificates and timestamps for malformed input: none of it is verified.
    return { problem: messageOf(err) }
  }
}

const verifierOf = ({ material, thresholds }: SigstoreRoot): Verifier =>
  new Verifier(material, {
    tlogThreshold: thresholds.transparencyLogs,
    ctlogThreshold: thresholds.certificateLogs,
    // Of logs and authorities together: without a time, the certificate cannot be verified.
    timestampThreshold: Math.max(1, thresholds.timestamps),
  })

/**
 * What the library verifies. The time of a log entry counts only with the log's promise, which signs it; nothing signs the time beside a mere
 * proof of inclusion.
 */
function entityOf({ bundle, signed }: ParsedClaim): SignedEntity {
  const entity = toSignedEntity(bundle, Buffer.from(signed))
  const timestamps = entity.timestamps.filter(
    timestamp => timestamp.$case === 'timestamp-authority' || timestamp.tlogEntry.inclusionPromise !== undefined,
  )
  return { ...entity, timestamps }
}

/** Milliseconds since the epoch; proven if the entity verifies. */
const timesOf = ({ timestamps }: SignedEntity): number[] =>
  timestamps.map(timestamp =>
    timestamp.$case === 'timestamp-authority'
      ? timestamp.timestamp.signingTime.getTime()
      : Number(timestamp.tlogEntry.integratedTime) * 1000,
  )

/** Undefined if nothing of the trust root has witnessed it. */
function witnessedAt(claim: ParsedClaim, { key }: TrustedSignatureKey, { material }: SigstoreRoot): number | undefined {
  try {
    const entity = entityOf(claim)
    if (entity.timestamps.length === 0 || entity.key.$case !== 'public-key') return undefined
    const publicKey = () => ({ publicKey: key, validFor: () => true })
    new Verifier({ ...material, publicKey }, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 1 }).verify(entity)
    requireLoggedKey(entity.tlogEntries, key)
    return Math.min(...timesOf(entity))
  } catch {
    // Witnesses that nobody trusts prove no time, and a signature with a key needs none.
    return undefined
  }
}

/** Undefined for a bundle without a certificate. */
function leafOf({ bundle }: ParsedClaim): X509Certificate | undefined {
  const { content } = bundle.verificationMaterial
  const leaf =
    content.$case === 'x509CertificateChain'
      ? content.x509CertificateChain.certificates[0]
      : content.$case === 'certificate'
        ? content.certificate
        : undefined
  return leaf && new X509Certificate(leaf.rawBytes)
}

/** Extended key usage `codeSigning` (RFC 5280, 4.2.1.12), as the client specification of sigstore requires. */
const codeSigning = '1.3.6.1.5.5.7.3.3'

function outsideValidity({ name, validity, unusable }: TrustRoot, now: number): string | undefined {
  if (unusable !== undefined) return `trust root "${name}" cannot be used: ${unusable}`
  if (now < validity.notBefore) return `trust root "${name}" is valid from ${shownTime(validity.notBefore)}`
  return now > validity.notAfter ? `trust root "${name}" expired at ${shownTime(validity.notAfter)}` : undefined
}

function unlessRevoked({ name, revoked }: TrustRoot, signer: VerifiedSigner): ClaimVerdict {
  const revocation = revoked.find(
    ({ key, issuer, subject, before }) =>
      (key === undefined || (signer.kind === 'key' && signer.key === key)) &&
      (subject === undefined || (signer.kind === 'keyless' && signer.subject === subject)) &&
      (issuer === undefined || (signer.kind === 'keyless' && signer.issuer === issuer)) &&
      (before === undefined || signer.at === undefined || signer.at < before),
  )
  if (revocation === undefined) return { verified: true, signer }
  const { before, reason } = revocation
  const what = signer.kind === 'key' ? `key "${signer.key}"` : `"${signer.subject}"`
  const since = before === undefined ? '' : ` for signatures before ${shownTime(before)}`
  return refused(`trust root "${name}" has revoked ${what}${since}${reason === undefined ? '' : `: ${reason}`}`)
}

const shownTime = (time: number): string => new Date(time).toISOString()
