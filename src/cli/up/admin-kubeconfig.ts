// The break-glass credential: a kubeconfig with a client certificate of group system:masters, readable by its owner alone.
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import type { Signer } from '../../signer/signer.ts'

export interface AdminCredentials {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

const lifetimeSeconds = 365 * 24 * 3600
/** A certificate with less than this left is replaced at the next start. */
const renewBeforeMs = 30 * 24 * 3600 * 1000

/** Keeps the file where its certificate still holds for this cluster, else writes a new one. */
export async function ensureAdminKubeconfig(
  path: string,
  server: string,
  signer: Signer,
  now: number,
  signal: AbortSignal,
): Promise<AdminCredentials> {
  const [ca, clientCa] = await Promise.all([signer.authority('serving', signal), signer.authority('client', signal)])
  const current = existsSync(path) ? parse(readFileSync(path, 'utf8')) : undefined
  if (current && current.ca === ca && current.server === server && holds(current.certificate, clientCa, now)) return current
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'bulkhead-admin', organizations: ['system:masters'] })
  const names = { dnsNames: [], ipAddresses: [] }
  const certificate = await signer.issueCertificate(
    { authority: 'client', csr, commonName: 'bulkhead-admin', organizations: ['system:masters'], lifetimeSeconds, ...names },
    signal,
  )
  const credentials = { ca, certificate, key: keyPem }
  writeFileSync(`${path}.new`, format(server, credentials), { mode: 0o600 })
  renameSync(`${path}.new`, path)
  return credentials
}

function holds(pem: string, clientCa: string, now: number): boolean {
  try {
    const certificate = new X509Certificate(pem)
    return certificate.validToDate.getTime() - now > renewBeforeMs && certificate.verify(new X509Certificate(clientCa).publicKey)
  } catch {
    // Whatever stands there is no certificate: it is replaced.
    return false
  }
}

/** JSON is YAML, so that the file needs no YAML writer and is read back with JSON.parse. */
function format(server: string, { ca, certificate, key }: AdminCredentials): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bulkhead', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'bulkhead-admin', user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
    contexts: [{ name: 'bulkhead', context: { cluster: 'bulkhead', user: 'bulkhead-admin' } }],
    'current-context': 'bulkhead',
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

function parse(text: string): (AdminCredentials & { server: string }) | undefined {
  const clear = (value: unknown) => (typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '')
  try {
    const { clusters, users } = JSON.parse(text)
    const [{ cluster }, { user }] = [clusters[0], users[0]]
    return {
      server: String(cluster.server),
      ca: clear(cluster['certificate-authority-data']),
      certificate: clear(user['client-certificate-data']),
      key: clear(user['client-key-data']),
    }
  } catch {
    // Edited by hand or cut short: a new one is written.
    return undefined
  }
}
