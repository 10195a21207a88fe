// Makes checkpoints of the log, off the path of requests: writes the tiles of the tree, has its root signed, and records new epochs.
import { join } from 'node:path'
import { parseEpochCertificate } from '../../base/tlog/epoch-certificate.ts'
import { emptyRoot } from '../../base/tlog/hashes.ts'
import { rangeHashes } from '../../base/tlog/tiles.ts'
import { consistencyRanges } from '../../base/tlog/tree-nodes.ts'
import type { LoggedEpoch } from './epochs-file.ts'
import type { LogTree, TileContent } from './log-tree.ts'
import type { SignedTree } from './replay-log.ts'
import { type TileFiles, tlogFolder } from './tile-files.ts'

/** What the log needs of the signer. */
export interface CheckpointSigner {
  /** The certificate of the epoch that signs next. */
  readonly epoch: string
  /** The newest signed tree: a log that ends before it, or has a different one, is not continued. */
  readonly signed: SignedTree | undefined
  /** `proof` is that of consistency with the tree signed before. */
  sign(tree: SignedTree, proof: readonly Buffer[], signal: AbortSignal): Promise<{ readonly note: string; readonly epoch: string }>
  /** The newest signed tree, after an answer was lost. */
  newest(signal: AbortSignal): Promise<SignedTree | undefined>
}

export interface CheckpointsOptions {
  readonly directory: string
  readonly tree: LogTree
  readonly tiles: TileFiles
  /** Without it there are tiles alone. */
  readonly signer: CheckpointSigner | undefined
  /** Resolves when the record of the epoch is in the log. */
  onEpoch(epoch: LoggedEpoch): Promise<void>
  /** Of each new checkpoint. */
  onCheckpoint?(note: string): void
}

export const checkpointPath = (directory: string): string => join(directory, tlogFolder, 'checkpoint')

const nothing: SignedTree = { size: 0, root: emptyRoot }

export class Checkpoints {
  readonly #options: CheckpointsOptions
  #signed: SignedTree
  #epoch: string
  /** Tiles that are not on disk yet. */
  #tiles: TileContent[] = []
  #isSure = true

  constructor(options: CheckpointsOptions) {
    this.#options = options
    this.#signed = options.signer?.signed ?? nothing
    this.#epoch = options.signer?.epoch ?? ''
  }

  get signedSize(): number {
    return this.#signed.size
  }

  /** Of the tree as it is now. After a failure the next one tries again. */
  async make(signal: AbortSignal): Promise<void> {
    const { tree, signer } = this.#options
    const now = { size: tree.size, root: tree.root() }
    if (now.size <= this.#signed.size) return
    await this.#writeTiles()
    if (signer === undefined) return
    if (!this.#isSure) this.#signed = (await signer.newest(signal)) ?? nothing
    this.#isSure = false
    const { note, epoch } = await signer.sign(now, await this.#proof(now.size), signal)
    this.#isSure = true
    this.#signed = now
    await this.#options.tiles.writeFile(checkpointPath(this.#options.directory), note)
    this.#options.onCheckpoint?.(note)
    if (epoch === this.#epoch) return
    await this.#options.onEpoch({ epoch: parseEpochCertificate(epoch).certificate.epoch, certificate: epoch })
    this.#epoch = epoch
  }

  async #writeTiles(): Promise<void> {
    const { tree, tiles } = this.#options
    this.#tiles.push(...tree.takeTiles())
    await tiles.write(this.#tiles)
    this.#tiles = []
  }

  #proof(size: number): Promise<Buffer[]> {
    const { tiles } = this.#options
    return rangeHashes(consistencyRanges(this.#signed.size, size), size, async tile => {
      const bytes = await tiles.read(tile)
      if (bytes === undefined) throw new Error(`The tile "${tiles.pathOf(tile)}" is missing`)
      return bytes
    })
  }
}
