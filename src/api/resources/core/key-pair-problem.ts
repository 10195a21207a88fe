// Checks that a certificate and a private key match, in the words of Go's crypto/tls, which upstream uses in warnings.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

interface Block {
  readonly type: string
  readonly text: string
}

/** The problem of the PEM pair; undefined if there is none. Reveals nothing of the key. */
export function keyPairProblem(certificatePem: string, keyPem: string): string | undefined {
  const certificates = blocksOf(certificatePem)
  const first = certificates.find(({ type }) => type === 'CERTIFICATE')
  if (first === undefined) return noCertificate(certificates.map(({ type }) => type))
  const keys = blocksOf(keyPem)
  const keyBlock = keys.find(({ type }) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'))
  if (keyBlock === undefined) return noKey(keys.map(({ type }) => type))
  const certificate = attempt(() => new X509Certificate(first.text))
  if (certificate === undefined) return 'x509: malformed certificate'
  const key = attempt(() => createPrivateKey(keyBlock.text))
  if (key === undefined) return 'tls: failed to parse private key'
  return mismatch(certificate.publicKey, key, certificate)
}

function mismatch(publicKey: KeyObject, key: KeyObject, certificate: X509Certificate): string | undefined {
  if (publicKey.asymmetricKeyType !== key.asymmetricKeyType) return 'tls: private key type does not match public key type'
  return certificate.checkPrivateKey(key) ? undefined : 'tls: private key does not match public key'
}

function noCertificate(skipped: readonly string[]): string {
  if (skipped.length === 0) return 'tls: failed to find any PEM data in certificate input'
  if (skipped.length === 1 && skipped[0]?.endsWith('PRIVATE KEY')) {
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
  }
  const where = 'PEM block in certificate input after skipping PEM blocks of the following types'
  return `tls: failed to find "CERTIFICATE" ${where}: [${skipped.join(' ')}]`
}

function noKey(skipped: readonly string[]): string {
  if (skipped.length === 0) return 'tls: failed to find any PEM data in key input'
  if (skipped.length === 1 && skipped[0] === 'CERTIFICATE') {
    return 'tls: found a certificate rather than a key in the PEM for the private key'
  }
  const where = 'PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types'
  return `tls: failed to find ${where}: [${skipped.join(' ')}]`
}

function blocksOf(pem: string): Block[] {
  return [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\r?\n[^-]*-----END \1-----/g)].map(([text, type = '']) => ({ type, text }))
}

/** The crypto library throws if it cannot parse the input, which is the result here. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (err) {
    if (err instanceof Error) return undefined
    throw err
  }
}
