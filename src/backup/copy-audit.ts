// Copies the files of the audit log in pieces. They only grow, so that pieces that were copied before are stored already.
import { auditPieceBytes } from '../api/backup/change-feed.ts'
import { inParallel } from '../base/async/in-parallel.ts'
import type { LinkFile, LinkPack } from '../base/backup/backup-link.ts'
import type { BackupSource } from './backup-source.ts'

const filesAtOnce = 4

/** `before` are the files of the backup before in this session: whole pieces of them are not read again. */
export async function copyAudit(
  source: BackupSource,
  before: readonly LinkFile[],
  store: (piece: Buffer) => Promise<LinkPack>,
  signal: AbortSignal,
): Promise<LinkFile[]> {
  const known = new Map(before.map(file => [file.name, file]))
  const files = await source.auditFiles(signal)
  return await inParallel(files, filesAtOnce, async ({ name, bytes }) => {
    const whole = Math.floor(Math.min(known.get(name)?.bytes ?? 0, bytes) / auditPieceBytes)
    const packs = [...(known.get(name)?.packs.slice(0, whole) ?? [])]
    let copied = whole * auditPieceBytes
    while (copied < bytes) {
      const piece = (await source.auditPiece(name, copied, signal)).subarray(0, bytes - copied)
      if (piece.length === 0) break
      packs.push(await store(piece))
      copied += piece.length
    }
    return { name, bytes: copied, packs }
  })
}
