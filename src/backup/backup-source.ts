// What is backed up, as the part `backup` gets it: from the API server and from the signer.
import type { SealedPack } from '../base/backup/seal-pack.ts'
import type { ChainHead } from './chain.ts'
import type { LinkSignature } from './format/signed-link.ts'

export interface SourceFile {
  readonly name: string
  readonly bytes: number
}

export interface BackupSource {
  /** See src/api/backup/change-feed.ts; without an end. */
  changes(after: number | undefined, signal: AbortSignal): Promise<AsyncIterable<Buffer>>
  auditFiles(signal: AbortSignal): Promise<readonly SourceFile[]>
  /** At most `auditPieceBytes` from the offset; undefined if the file is gone, as a tile is once it is full, and a log file by retention. */
  auditPiece(file: string, offset: number, signal: AbortSignal): Promise<Buffer | undefined>
  /** The signer's keys, sealed by the signer itself to the recipients; undefined if it keeps none in files. */
  keys(signal: AbortSignal): Promise<SealedPack | undefined>
}

/** The signer signs links, and remembers the newest of each target. */
export interface LinkSigner {
  /** Rejects a link that does not follow the one that it remembers. */
  sign(payload: Buffer, signal: AbortSignal): Promise<LinkSignature>
  head(target: string, signal: AbortSignal): Promise<ChainHead | undefined>
  /** Called when the link is stored. */
  keepHead(target: string, head: ChainHead, signal: AbortSignal): Promise<void>
}
