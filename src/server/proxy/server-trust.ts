// Whom a connection to a webhook, an API server of others or a backend trusts.
import { isIP } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls'

/**
 * Undefined leaves it to the public authorities. Each certificate that is named is trusted as such, as Go does it: an authority that is signed by
 * another one that is not named, or the server's own certificate, will do.
 */
export function serverTrust(
  authorities: string | undefined,
): Pick<ConnectionOptions, 'ca' | 'allowPartialTrustChain' | 'checkServerIdentity'> {
  const anchors = authorities === undefined ? {} : { ca: authorities, allowPartialTrustChain: true }
  return { ...anchors, checkServerIdentity: checkAlternativeNames }
}

/** As Go does it: where a certificate has no alternative names Node would take its common name, which authorities do not vouch for. */
export function checkAlternativeNames(host: string, certificate: PeerCertificate): Error | undefined {
  if (isIP(host) === 0 && !/(^|, )DNS:/.test(certificate.subjectaltname ?? ''))
    return new Error('x509: certificate relies on legacy Common Name field, use SANs instead')
  return checkServerIdentity(host, certificate)
}
