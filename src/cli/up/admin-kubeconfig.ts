// The break-glass credential: a kubeconfig with a client certificate of group system:masters, readable only by its owner.
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { replaceFile } from '../../base/files/replace-file.ts'
import { parseJson } from '../../base/json.ts'
import { issueIdentity } from '../../cluster/client-identity.ts'
import { formatKubeconfig, type KubeconfigCredentials } from '../../cluster/kubeconfig.ts'
import type { Signer } from '../../signer/signer.ts'

export type AdminCredentials = KubeconfigCredentials

const lifetimeSeconds = 365 * 24 * 3600
/** A certificate that expires sooner is replaced at the next start. */
const renewBeforeMs = 30 * 24 * 3600 * 1000

/** Keeps the file if its certificate is still valid for this cluster, else writes a new one. */
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
  const identity = await issueIdentity(signer, 'bulkhead-admin', ['system:masters'], lifetimeSeconds, signal)
  const credentials = { ca, ...identity }
  await replaceFile(path, formatKubeconfig(server, credentials))
  return credentials
}

function holds(pem: string, clientCa: string, now: number): boolean {
  try {
    const certificate = new X509Certificate(pem)
    return certificate.validToDate.getTime() - now > renewBeforeMs && certificate.verify(new X509Certificate(clientCa).publicKey)
  } catch {
    // Not a certificate: it is replaced.
    return false
  }
}

/** The content that `formatKubeconfig` writes. */
interface WrittenKubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, unknown>> }]
  readonly users: readonly [{ readonly user: Readonly<Record<string, unknown>> }]
}

function parse(text: string): (AdminCredentials & { server: string }) | undefined {
  const clear = (value: unknown) => (typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '')
  try {
    const { clusters, users } = parseJson(text) as WrittenKubeconfig
    const [{ cluster }, { user }] = [clusters[0], users[0]]
    return {
      server: String(cluster.server),
      ca: clear(cluster['certificate-authority-data']),
      certificate: clear(user['client-certificate-data']),
      key: clear(user['client-key-data']),
    }
  } catch {
    // Edited by hand or truncated: a new one is written.
    return undefined
  }
}
