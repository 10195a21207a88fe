// What is backed up, over the API; and signatures of the signer. The interfaces of the signer are those of its folder, which this one does not import.
import { auditFilesPath, changesPath } from '../api/backup/change-feed.ts'
import { packDigest } from '../base/backup/seal-pack.ts'
import { isJsonObject, parseJson } from '../base/json.ts'
import type { Transport } from '../client/transport/transport.ts'
import type { BackupSource, LinkSigner, SourceFile } from './backup-source.ts'
import type { ChainHead } from './chain.ts'
import type { LinkSignature } from './format/signed-link.ts'

/** What the signer does for backups. */
export interface BackupSigner {
  signBackup(link: Buffer, signal: AbortSignal): Promise<LinkSignature>
  backupHead(target: string, signal: AbortSignal): Promise<ChainHead | undefined>
  keepBackupHead(target: string, head: ChainHead, signal: AbortSignal): Promise<void>
  exportKeys(signal: AbortSignal): Promise<Buffer | undefined>
}

export const signerLinks = (signer: BackupSigner): LinkSigner => ({
  sign: (payload, signal) => signer.signBackup(payload, signal),
  head: (target, signal) => signer.backupHead(target, signal),
  keepHead: (target, head, signal) => signer.keepBackupHead(target, head, signal),
})

const maxListBytes = 16 * 1024 * 1024

export function apiSource(transport: Transport, signer: BackupSigner): BackupSource {
  const get = async (path: string, signal: AbortSignal, stream = false): Promise<AsyncIterable<Buffer>> => {
    const found = await getIfThere(path, signal, stream)
    if (found === undefined) throw new Error(`The API server does not know ${path}`)
    return found
  }
  const getIfThere = async (path: string, signal: AbortSignal, stream = false): Promise<AsyncIterable<Buffer> | undefined> => {
    const { status, body } = await transport.request({ method: 'GET', path, stream }, signal)
    if (status === 200) return body
    const text = (await whole(body, maxListBytes)).toString('utf8')
    if (status === 404) return undefined
    throw new Error(`The API server answers ${path} with ${status}: ${text.slice(0, 500)}`)
  }
  return {
    changes: (after, signal) => get(after === undefined ? changesPath : `${changesPath}?after=${after}`, signal, true),
    auditFiles: async signal => parseFiles(parseJson((await whole(await get(auditFilesPath, signal), maxListBytes)).toString('utf8'))),
    async auditPiece(file, offset, signal) {
      const body = await getIfThere(`${auditFilesPath}?${new URLSearchParams({ file, offset: String(offset) })}`, signal)
      return body && (await whole(body, maxListBytes))
    },
    async keys(signal) {
      const content = await signer.exportKeys(signal)
      return content && { content, pack: packDigest(content), bytes: content.length }
    },
  }
}

async function whole(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    if (bytes > maxBytes) throw new Error(`An answer of the API server has more than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function parseFiles(value: unknown): SourceFile[] {
  const files = isJsonObject(value) ? value['files'] : undefined
  if (!Array.isArray(files)) throw new Error('The API server answers with no list of audit files')
  return files.map(file => {
    if (!isJsonObject(file) || typeof file['name'] !== 'string' || typeof file['bytes'] !== 'number')
      throw new Error('An audit file of the API server has no name')
    return { name: file['name'], bytes: file['bytes'] }
  })
}
