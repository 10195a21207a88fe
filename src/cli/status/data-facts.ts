// Facts from the files of the data directory: sizes, the newest signed head of the audit log, certificates. Each is undefined if it cannot
// be read.
import { X509Certificate } from 'node:crypto'
import { closeSync, type Dirent, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { isHeadLine, parseHead } from '../../access/audit/chain.ts'
import { targetOf } from '../../assess/dial.ts'
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
  /** The newest seal of the signer: any change of earlier records is detected. */
  readonly signedHead: { readonly sequence: number; readonly digest: string } | undefined
}

const tailBytes = 4 << 20
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
    let head: AuditFacts['signedHead']
    for (const file of files.toReversed()) {
      const line = readTail(file).split('\n').findLast(isHeadLine)
      const parsed = line === undefined ? undefined : parseHead(line)
      if (parsed === undefined) continue
      head = { sequence: parsed.sequence, digest: parsed.digest }
      break
    }
    return { files: files.length, bytes, signedHead: head }
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

function readTail(file: string): string {
  const { size } = statSync(file)
  const length = Math.min(size, tailBytes)
  const buffer = Buffer.alloc(length)
  const handle = openSync(file, 'r')
  try {
    return buffer.subarray(0, readSync(handle, buffer, 0, length, size - length)).toString('utf8')
  } finally {
    closeSync(handle)
  }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (err) {
    if (['EACCES', 'ENOENT', 'EPERM', 'ENOTDIR'].includes(codeOf(err))) return undefined
    throw err
  }
}
