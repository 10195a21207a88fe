// The break-glass kubeconfig: group system:masters, which no role, binding or webhook restricts. Each use of it is an alarm.
import { X509Certificate } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { parseJson } from '../../base/json.ts'
import { issueIdentity } from '../../cluster/client-identity.ts'
import { formatKubeconfig } from '../../cluster/kubeconfig.ts'
import type { Signer } from '../../signer/signer.ts'

const name = 'bulkhead-break-glass'
const lifetimeSeconds = 365 * 24 * 3600
/** A certificate that expires sooner is replaced at the next start. */
const renewBeforeMs = 30 * 24 * 3600 * 1000
/** Nobody writes it by mistake. */
const mode = 0o400

/** Keeps the file if its certificate is still valid for this cluster, else writes a new one. */
export async function ensureBreakGlassKubeconfig(
  path: string,
  server: string,
  signer: Signer,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const [ca, clientCa] = await Promise.all([signer.authority('serving', signal), signer.authority('client', signal)])
  const current = parse((await readTextIfThere(path)) ?? '')
  if (current && current.ca === ca && current.server === server && holds(current.certificate, clientCa, now)) return
  const credentials = await issueIdentity(signer, name, ['system:masters'], lifetimeSeconds, signal)
  // A start that was killed while it wrote left a file that its owner may only read.
  await rm(`${path}.new`, { force: true })
  await replaceFile(path, formatKubeconfig({ server, ca, user: name, credentials }), mode)
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

function parse(text: string): { readonly server: string; readonly ca: string; readonly certificate: string } | undefined {
  const clear = (value: unknown) => (typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '')
  try {
    const { clusters, users } = parseJson(text) as WrittenKubeconfig
    const [{ cluster }, { user }] = [clusters[0], users[0]]
    return {
      server: String(cluster.server),
      ca: clear(cluster['certificate-authority-data']),
      certificate: clear(user['client-certificate-data']),
    }
  } catch {
    // Missing, edited by hand or truncated: a new one is written.
    return undefined
  }
}
