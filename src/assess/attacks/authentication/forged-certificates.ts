// Client certificates that differ from a genuine one in one thing: some need only the names of the cluster's authorities, others their keys.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { CertificateAuthority, ClusterKeys } from '../../cluster-keys.ts'
import { type ForgedCertificate, forgeCertificate, withChangedByte } from '../../forged-certificate.ts'

export interface CertificateAttempt {
  readonly name: string
  readonly credentials: ForgedCertificate
}

const hour = 3_600_000

interface Validity {
  readonly subject: string
  readonly notBefore: number
  readonly notAfter: number
}

/** `genuine` is one of the cluster, if it issued one, with `name` in its subject; `now` in ms. */
export async function forgedCertificates(
  genuine: ForgedCertificate | undefined,
  authorities: readonly string[],
  name: string,
  now: number,
): Promise<readonly [CertificateAttempt, ...CertificateAttempt[]]> {
  const valid = { subject: `CN=${name}`, notBefore: now - hour, notAfter: now + hour }
  const known = genuine === undefined ? [] : [new X509Certificate(genuine.certificate).issuer]
  const issuers = [...new Set([...known, ...authorities.map(pem => new X509Certificate(pem).subject)])]
  const forge = async (what: string, more: Partial<Parameters<typeof forgeCertificate>[0]>): Promise<CertificateAttempt> => ({
    name: what,
    credentials: await forgeCertificate({ ...valid, ...more }),
  })
  return [
    await forge('self-signed', {}),
    await forge('self-signed, for administrators', { subject: 'CN=bulkhead-admin, O=system:masters' }),
    await forge('of another authority', { issuer: 'CN=bulkhead-prove-foreign-ca' }),
    ...(await Promise.all(
      issuers.map(issuer =>
        forge(`of another authority with the name of the cluster's (${issuer})`, { issuer: issuer.split('\n').join(', ') }),
      ),
    )),
    ...(genuine === undefined ? [] : await changedCertificates(genuine, name, valid)),
  ]
}

const changedCertificates = async (genuine: ForgedCertificate, name: string, valid: Validity): Promise<CertificateAttempt[]> => [
  { name: 'with one byte of its signature changed', credentials: { ...genuine, certificate: withChangedByte(genuine.certificate) } },
  { name: 'with one byte of its subject changed', credentials: { ...genuine, certificate: withChangedByte(genuine.certificate, name) } },
  { name: 'issued by a genuine user certificate', credentials: await issuedBy(genuine, valid, undefined) },
]

/** Signed by the cluster's own authorities. The first is genuine in all. */
export async function nearCertificates(
  { client, others }: ClusterKeys,
  name: string,
  now: number,
): Promise<readonly [CertificateAttempt, ...CertificateAttempt[]]> {
  const valid = { subject: `CN=${name}`, issuer: client, notBefore: now - hour, notAfter: now + hour, usages: ['client'] } as const
  const forge = async (what: string, more: Partial<Parameters<typeof forgeCertificate>[0]>): Promise<CertificateAttempt> => ({
    name: what,
    credentials: await forgeCertificate({ ...valid, ...more }),
  })
  const intermediate = await forgeCertificate({ ...valid, subject: 'CN=bulkhead-prove-intermediate', isAuthority: true })
  return [
    await forge('signed anew', {}),
    await forge('that expired a minute ago', { notAfter: now - 60_000 }),
    await forge('that is not valid yet', { notBefore: now + hour / 2 }),
    await forge('for servers only', { usages: ['server'] }),
    await forge('without a purpose', { usages: [] }),
    await forge('that is itself an authority', { isAuthority: true }),
    await forge('without a name', { subject: 'O=bulkhead-prove' }),
    await forge('with an unknown critical extension', { unknownExtension: true }),
    { name: 'through an intermediate authority', credentials: await issuedBy(intermediate, valid, intermediate.certificate) },
    { name: 'through an intermediate authority that is not sent', credentials: await issuedBy(intermediate, valid, undefined) },
    ...(await Promise.all(
      Object.entries(others).map(([authority, issuer]) => forge(`of the cluster's authority "${authority}"`, { issuer })),
    )),
    ...(await Promise.all(
      Object.entries(others).map(([authority, issuer]) =>
        forge(`of the cluster's authority "${authority}", for administrators`, { issuer, subject: 'CN=bulkhead-admin, O=system:masters' }),
      ),
    )),
  ]
}

async function issuedBy(
  { certificate, key }: ForgedCertificate,
  { subject, notBefore, notAfter }: Validity,
  chain: string | undefined,
): Promise<ForgedCertificate> {
  const issuer: CertificateAuthority = { certificate, key: createPrivateKey(key) }
  const leaf = await forgeCertificate({ subject, issuer, notBefore, notAfter, usages: ['client'] })
  return { ...leaf, certificate: `${leaf.certificate}\n${chain ?? ''}` }
}
