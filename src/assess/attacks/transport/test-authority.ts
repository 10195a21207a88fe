// An authority for impostors: a new one, or that of a scratch cluster, whose key the proof can read.
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import { loadX509 } from '../../../base/net/x509.ts'

export interface ServerIdentity {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

export interface ServerNames {
  readonly ipAddresses: readonly string[]
  readonly dnsNames: readonly string[]
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000

export class TestAuthority {
  /** PEM. */
  readonly certificate: string
  readonly #key: webcrypto.CryptoKey
  readonly #now: number

  private constructor(certificate: string, key: webcrypto.CryptoKey, now: number) {
    this.certificate = certificate
    this.#key = key
    this.#now = now
  }

  static async create(now: number): Promise<TestAuthority> {
    const x509 = await loadX509()
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...{ serialNumber: '01', name: 'CN=bulkhead-prove-authority', keys, signingAlgorithm: algorithm },
      ...{ notBefore: new Date(now - dayMs), notAfter: new Date(now + dayMs) },
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    })
    return new TestAuthority(certificate.toString('pem'), keys.privateKey, now)
  }

  /** Both in PEM. */
  static async from(certificate: string, key: string, now: number): Promise<TestAuthority> {
    const der = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' })
    return new TestAuthority(certificate, await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']), now)
  }

  async issue({ ipAddresses, dnsNames }: ServerNames): Promise<ServerIdentity> {
    const x509 = await loadX509()
    const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const names = [
      ...ipAddresses.map(value => ({ type: 'ip' as const, value })),
      ...dnsNames.map(value => ({ type: 'dns' as const, value })),
    ]
    const certificate = await x509.X509CertificateGenerator.create({
      ...{ serialNumber: '02', subject: 'CN=bulkhead-prove', issuer: new X509Certificate(this.certificate).subject.split('\n').join(', ') },
      ...{ notBefore: new Date(this.#now - dayMs), notAfter: new Date(this.#now + dayMs) },
      ...{ publicKey: own.publicKey, signingKey: this.#key, signingAlgorithm: algorithm },
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
        new x509.SubjectAlternativeNameExtension(names),
      ],
    })
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey))
    return {
      cert: certificate.toString('pem'),
      key: createPrivateKey({ key: der, type: 'pkcs8', format: 'der' }).export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  }
}
