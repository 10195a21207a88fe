// The certificate of containerd's streaming server: self-signed at each start, pinned by the agent, never leaves the machine.
import { webcrypto } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { loadX509 } from '../../base/net/x509.ts'

/** Writes certificate and key (mode 0600) and returns the certificate's PEM. Valid for 10 years; replaced at each start. */
export async function writeStreamingCertificate(paths: { certificate: string; key: string }, now: number): Promise<string> {
  const { SubjectAlternativeNameExtension, X509CertificateGenerator } = await loadX509()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=bulkhead-streaming',
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + 3650 * 86_400_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const lines = pkcs8.match(/.{1,64}/g)?.join('\n')
  const pem = `${certificate.toString('pem')}\n`
  await writeFile(paths.certificate, pem, { mode: 0o600 })
  await writeFile(paths.key, `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`, { mode: 0o600 })
  await Promise.all([chmod(paths.certificate, 0o600), chmod(paths.key, 0o600)])
  return pem
}
