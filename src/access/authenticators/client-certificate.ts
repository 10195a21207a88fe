// Client certificates: issued directly by a trusted authority, for client authentication, valid now. The CN is the user, each O a group.
import { createHash, X509Certificate } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import { type Authentication, type Authenticator, authenticatedGroup, credentialIdExtra } from '../access.ts'
import { readExtensions } from '../pki/certificate-extensions.ts'
import { parseCertificateIdentity } from '../pki/certificate-identity.ts'
import { DerError } from '../pki/der.ts'

export interface ClientCertificateOptions {
  /** PEM certificates of the trusted authorities. */
  readonly authorities: string
  readonly clock: Clock
}

const clientAuth = '1.3.6.1.5.5.7.3.2'
const nameConstraints = '2.5.29.30'
/** Extensions that are checked here or do not restrict a client; any other critical one must be refused. */
const understood = new Set(['2.5.29.14', '2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.35', '2.5.29.37'])
const cachedCertificates = 4096

type Accepted = Extract<Authentication, { outcome: 'authenticated' }> & { readonly notBefore: number; readonly expires: number }

/**
 * Intermediates are not accepted: our authorities issue only leaves, and a shorter chain is safer. Throws if a trusted certificate is not
 * an authority or has name constraints, which would not be checked.
 */
export function createClientCertificateAuthenticator({ authorities, clock }: ClientCertificateOptions): Authenticator {
  const trusted = readAuthorities(authorities)
  const accepted = new BoundedCache<Accepted>(cachedCertificates)
  // A connection passes the same buffer with each request.
  const fingerprints = new WeakMap<Buffer, string>()

  return {
    name: 'x509',
    async authenticate({ peerCertificate }) {
      if (peerCertificate === undefined) return { outcome: 'no-opinion' }
      let fingerprint = fingerprints.get(peerCertificate)
      if (fingerprint === undefined) {
        fingerprint = createHash('sha256').update(peerCertificate).digest('hex')
        fingerprints.set(peerCertificate, fingerprint)
      }
      const known = accepted.get(fingerprint)
      if (known !== undefined) return withinValidity(known, clock.now())
      const verified = verify(peerCertificate, fingerprint, trusted)
      if (verified.outcome !== 'authenticated') return verified
      accepted.set(fingerprint, verified)
      return withinValidity(verified, clock.now())
    },
  }
}

function withinValidity(certificate: Accepted, now: number): Authentication {
  if (now < certificate.notBefore) return rejected('the client certificate is not valid yet')
  return now < certificate.expires ? certificate : rejected('the client certificate has expired')
}

const rejected = (reason: string) => ({ outcome: 'rejected', reason }) as const

function readAuthorities(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new Error('Cannot authenticate client certificates: no authority is given')
  return blocks.map(block => {
    const certificate = new X509Certificate(block)
    if (!certificate.ca) throw new Error(`Cannot trust "${certificate.subject}": it is not a certificate authority`)
    if (readExtensions(certificate.raw).some(({ oid }) => oid === nameConstraints)) {
      throw new Error(`Cannot trust "${certificate.subject}": its name constraints are not supported`)
    }
    return certificate
  })
}

function verify(der: Buffer, fingerprint: string, trusted: readonly X509Certificate[]): Accepted | ReturnType<typeof rejected> {
  let leaf: X509Certificate
  try {
    leaf = new X509Certificate(der)
  } catch {
    return rejected('the client certificate cannot be read')
  }
  // The issuer name proves nothing; only the signature does.
  const issuer = trusted.find(authority => leaf.checkIssued(authority) && leaf.verify(authority.publicKey))
  if (issuer === undefined) return rejected('the client certificate is not issued by a trusted authority')
  if (leaf.ca) return rejected('the client certificate is that of an authority')
  // Without an extended key usage the list is undefined, and such a certificate is not accepted.
  const usages: readonly string[] | undefined = leaf.keyUsage
  if (!usages?.includes(clientAuth)) return rejected('the client certificate is not for client authentication')
  try {
    const unknown = readExtensions(der).find(({ oid, critical }) => critical && !understood.has(oid))
    if (unknown) return rejected(`the client certificate has an unknown critical extension ${unknown.oid}`)
    const { commonName, organizations } = parseCertificateIdentity(der)
    if (commonName === '') return rejected('the client certificate has no common name')
    const notBefore = Math.max(leaf.validFromDate.getTime(), issuer.validFromDate.getTime())
    const expires = Math.min(leaf.validToDate.getTime(), issuer.validToDate.getTime())
    if (!(notBefore < expires)) return rejected('the client certificate has no period of validity')
    return {
      outcome: 'authenticated',
      user: {
        name: commonName,
        groups: [...organizations, authenticatedGroup],
        extra: { [credentialIdExtra]: [`X509SHA256=${fingerprint}`] },
      },
      credentialId: `x509:${fingerprint}`,
      credentialAliases: [`x509-serial:${leaf.serialNumber.toLowerCase().replace(/^0+/, '')}`],
      authenticator: 'x509',
      notBefore,
      expires,
    }
  } catch (err) {
    if (err instanceof DerError) return rejected('the client certificate has a malformed subject or extension')
    throw err
  }
}
