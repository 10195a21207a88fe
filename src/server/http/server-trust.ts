// Which certificates a connection to a webhook, an aggregated API server or a backend trusts.
import { isIP } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls'

/**
 * Undefined means the public authorities. As in Go, each given certificate is trusted by itself: an intermediate authority without its
 * root, or the server's own certificate, is enough.
 */
export function serverTrust(
  authorities: string | undefined,
): Pick<ConnectionOptions, 'ca' | 'allowPartialTrustChain' | 'checkServerIdentity'> {
  const anchors = authorities === undefined ? {} : { ca: authorities, allowPartialTrustChain: true }
  return { ...anchors, checkServerIdentity: checkAlternativeNames }
}

/** As in Go: for a certificate without alternative names Node would check its common name, which authorities do not verify. */
export function checkAlternativeNames(host: string, certificate: PeerCertificate): Error | undefined {
  const names = certificate.subjectaltname ?? ''
  if (isIP(host) === 0 && !/(^|, )DNS:/.test(names))
    return new Error('x509: certificate relies on legacy Common Name field, use SANs instead')
  return checkServerIdentity(host, certificate) && new Error(`x509: ${otherNames(host, names)}`)
}

function otherNames(host: string, names: string): string {
  const prefix = isIP(host) === 0 ? 'DNS:' : 'IP Address:'
  const valid = names.split(', ').flatMap(name => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))
  if (valid.length === 0) return `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
  return `certificate is valid for ${valid.join(', ')}, not ${host}`
}

const untrusted = 'x509: certificate signed by unknown authority'

const problems: ReadonlyMap<string, string> = new Map([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', untrusted],
  ['UNABLE_TO_GET_ISSUER_CERT', untrusted],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', untrusted],
  ['SELF_SIGNED_CERT_IN_CHAIN', untrusted],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', untrusted],
  ['CERT_HAS_EXPIRED', 'x509: certificate has expired or is not yet valid'],
  ['CERT_NOT_YET_VALID', 'x509: certificate has expired or is not yet valid'],
])

/** The message of Go's client for a rejected certificate; undefined for other errors. Node's own message names its flags. */
export function certificateFault(err: unknown): string | undefined {
  if (!(err instanceof Error)) return undefined
  const why = err.message.startsWith('x509: ') ? err.message : 'code' in err ? problems.get(String(err.code)) : undefined
  return why && `tls: failed to verify certificate: ${why}`
}
