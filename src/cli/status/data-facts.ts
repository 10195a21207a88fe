// Facts from the files of the data directory: sizes, the newest checkpoint and alarms of the audit log, certificates. Each is undefined if it cannot
// be read.
import { X509Certificate } from 'node:crypto'
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { type AuditAlarm, alarmsFileName, parseAlarms } from '../../access/audit/audit-alarms.ts'
import { checkpointPath } from '../../access/audit/checkpoints.ts'
import { targetOf } from '../../assess/dial.ts'
import { parseCheckpoint } from '../../base/tlog/checkpoint.ts'
import { parseNote } from '../../base/tlog/note.ts'
import { codeOf } from '../../base/user-error.ts'
import type { Kubeconfig } from '../../client/transport/kubeconfig.ts'

export interface CertificateFacts {
  readonly use: string
  readonly subject: string
  /** RFC 3339. */
  readonly until: string
}

export interface AuditFacts {
  readonly files: number
  readonly bytes: number
  /** The newest checkpoint: any change of earlier records is detected. `root` in base64. */
  readonly checkpoint: { readonly size: number; readonly root: string } | undefined
  /** What is wrong with the log now. */
  readonly alarms: readonly AuditAlarm[]
}

const handshakeMs = 15_000

/** Bytes of the store's database and its write-ahead log. */
export function storeBytes(server: string): number | undefined {
  return readable(() => {
    const files = readdirSync(server, { withFileTypes: true }).filter(entry => entry.isFile() && entry.name.startsWith('store.db'))
    return files.reduce((sum, { name }) => sum + statSync(join(server, name)).size, 0)
  })
}

export function auditFacts(directory: string): AuditFacts | undefined {
  return readable(() => {
    const files = readdirSync(directory, { withFileTypes: true })
      .filter((entry: Dirent) => entry.isFile() && /^audit-\d{8}\.log$/.test(entry.name))
      .map(({ name }) => join(directory, name))
      .sort()
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
    const note = readable(() => readFileSync(checkpointPath(directory), 'utf8'))
    const tree = note === undefined ? undefined : parseCheckpoint(parseNote(note).text)
    const alarms = readable(() => parseAlarms(readFileSync(join(directory, alarmsFileName), 'utf8'))) ?? []
    return { files: files.length, bytes, checkpoint: tree && { size: tree.size, root: tree.root.toString('base64') }, alarms }
  })
}

/** The certificate that the server presents, verified against the cluster's authority. */
export function servingCertificate({ server, ca, serverName }: Kubeconfig): Promise<CertificateFacts> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...targetOf(server),
      ca,
      minVersion: 'TLSv1.3',
      ...(serverName === undefined ? {} : { servername: serverName }),
    })
    const timer = setTimeout(() => socket.destroy(new Error(`no TLS handshake within ${handshakeMs} ms`)), handshakeMs)
    socket.once('error', err => {
      clearTimeout(timer)
      reject(err)
    })
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      const certificate = socket.getPeerX509Certificate()
      socket.destroy()
      if (certificate === undefined) reject(new Error('the server presented no certificate'))
      else resolve(certificateFacts('serving', certificate))
    })
  })
}

export function adminCertificate({ certificate }: Kubeconfig): CertificateFacts[] {
  return certificate === undefined ? [] : [certificateFacts('admin', new X509Certificate(certificate))]
}

/** The certificates of all nodes whose identity is below the folder of the node. */
export function nodeCertificates(node: string): CertificateFacts[] {
  const simulated = join(node, 'simulated')
  const folders = [join(node, 'pki'), ...(readable(() => readdirSync(simulated)) ?? []).map(name => join(simulated, name))]
  return folders.flatMap(folder =>
    (readable(() => readdirSync(folder)) ?? [])
      .map(name => join(folder, name))
      .filter(file => /\.(pem|crt)$/.test(file))
      .flatMap(file => {
        const [, pem] = /(-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----)/.exec(readFileSync(file, 'utf8')) ?? []
        const facts = pem === undefined ? undefined : certificateFacts('node', new X509Certificate(pem))
        return facts?.subject.includes('system:node:') ? [facts] : []
      }),
  )
}

function certificateFacts(use: string, certificate: X509Certificate): CertificateFacts {
  return { use, subject: certificate.subject.split('\n').join(', '), until: certificate.validToDate.toISOString().slice(0, 19).concat('Z') }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (err) {
    if (['EACCES', 'ENOENT', 'EPERM', 'ENOTDIR'].includes(codeOf(err))) return undefined
    throw err
  }
}
