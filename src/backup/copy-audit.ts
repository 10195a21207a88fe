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
  const copied = await inParallel(files, filesAtOnce, async ({ name, bytes }): Promise<LinkFile[]> => {
    const whole = Math.floor(Math.min(known.get(name)?.bytes ?? 0, bytes) / auditPieceBytes)
    const packs = [...(known.get(name)?.packs.slice(0, whole) ?? [])]
    let done = whole * auditPieceBytes
    while (done < bytes) {
      const piece = (await source.auditPiece(name, done, signal))?.subarray(0, bytes - done)
      if (piece === undefined) return []
      if (piece.length === 0) break
      packs.push(await store(piece))
      done += piece.length
    }
    return [{ name, bytes: done, packs }]
  })
  return copied.flat()
}
