// Opens the files of a log and continues its tree.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEpochCertificate } from '../../base/tlog/epoch-certificate.ts'
import type { CheckpointSigner } from './checkpoints.ts'
import { appendEpoch, epochsPath, type LoggedEpoch, readEpochs } from './epochs-file.ts'
import { LogFiles, logFileName } from './log-files.ts'
import type { LogTree } from './log-tree.ts'
import { replayLog } from './replay-log.ts'
import { TileFiles } from './tile-files.ts'
import { WatchedFiles } from './watched-files.ts'

export interface OpenedTree {
  readonly files: LogFiles
  readonly tree: LogTree
  readonly tiles: TileFiles
  readonly watched: WatchedFiles
  /** An epoch whose record is not in the log yet. */
  readonly epoch: LoggedEpoch | undefined
  /** Tiles that were not those of the lines, and were written again. */
  readonly changedTiles: readonly string[]
}

/** Throws an Error for a log that cannot be continued. */
export async function openTree(directory: string, keep: number, signer: CheckpointSigner | undefined): Promise<OpenedTree> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const watched = new WatchedFiles()
  const tiles = new TileFiles(directory, (path, digest) => watched.add(path, digest))
  const { tree, number, bytes, ends, epochs: replayed } = await replayLog(directory, signer?.signed, tile => tiles.read(tile))
  for (const [older, root] of ends) if (older !== number) watched.addLog(join(directory, logFileName(older)), root)
  const epoch = signer === undefined ? undefined : await unrecordedEpoch(directory, signer, replayed)
  const { epochs } = await readEpochs(directory)
  if (epochs.length > 0) await watched.addOwn(epochsPath(directory))
  const changedTiles = tree.size === 0 ? [] : await tiles.restore(tree.takeTiles())
  return { files: await LogFiles.open(directory, keep, { number, bytes }), tree, tiles, watched, epoch, changedTiles }
}

/** A crash may come between the certificate of an epoch and its record. */
async function unrecordedEpoch(
  directory: string,
  signer: CheckpointSigner,
  replayed: ReadonlySet<number>,
): Promise<LoggedEpoch | undefined> {
  const { epochs } = await readEpochs(directory)
  const { epoch, size } = parseEpochCertificate(signer.epoch).certificate
  const current = { epoch, certificate: signer.epoch }
  if (!epochs.some(known => known.epoch === epoch)) await appendEpoch(directory, current)
  // A checkpoint after the certificate is one of this epoch, and has its record.
  return (signer.signed?.size ?? 0) > size || replayed.has(epoch) ? undefined : current
}
