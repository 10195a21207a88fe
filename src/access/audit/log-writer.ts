// Appends batches of lines to the files of a log and to its tree, and begins a new file when one is full.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { LogTampered } from './audit-failure.ts'
import type { LoggedEpoch } from './epochs-file.ts'
import { rootOfFile } from './file-root.ts'
import type { LogFiles } from './log-files.ts'
import { epochLine, segmentLine } from './log-record.ts'
import type { LogTree } from './log-tree.ts'
import type { OpenedTree } from './open-tree.ts'
import { removeFile } from './retention.ts'
import type { TileFiles } from './tile-files.ts'
import type { WatchedFiles } from './watched-files.ts'

const retryDelayMs = 1000
/** Pause after a comparison of the content, in multiples of the time that it took. */
const comparisonShare = 50

/** Of a file, which the next one follows. */
export const defaultMaxFileBytes = 100 << 20

export interface LogWriterOptions {
  readonly clock: Clock
  readonly log: Logger
  /** The size from which the next file is begun. Default 100 MiB. */
  readonly maxFileBytes?: number
}

export class LogWriter {
  readonly #options: LogWriterOptions
  readonly #files: LogFiles
  readonly #tree: LogTree
  readonly #tiles: TileFiles
  readonly #watched: WatchedFiles
  /** The record of the epoch, until it is in the log. */
  #epoch: LoggedEpoch | undefined
  #rotateAfter = 0
  /** Of the current file: the tree has the lines up to there. */
  #bytesInTree: number
  /** What was compared last, and when the next comparison is due. */
  #compared = { path: '', bytes: 0, next: 0 }
  /** By the newest segment: the oldest file that is kept. */
  #oldest = 0
  #removedBefore = 0

  constructor({ files, tree, tiles, watched, epoch }: OpenedTree, options: LogWriterOptions) {
    this.#options = options
    this.#files = files
    this.#tree = tree
    this.#tiles = tiles
    this.#watched = watched
    this.#epoch = epoch
    this.#bytesInTree = files.size
  }

  /** Everything before it is on disk. */
  get place(): { readonly file: number; readonly bytes: number } {
    return { file: this.#files.number, bytes: this.#files.size }
  }

  get path(): string {
    return this.#files.path
  }

  /** Resolves when the lines are on disk. After a failure nothing of them is in the log. */
  async append(bytes: Buffer): Promise<void> {
    await this.#compareFile()
    await this.#beginFile()
    await this.#appendLines(bytes)
    await this.#rotateIfFull()
  }

  async #appendLines(bytes: Buffer): Promise<void> {
    await this.#files.append(bytes)
    this.#tree.appendLines(bytes)
    this.#bytesInTree = this.#files.size
  }

  /** Throws `LogTampered` if another program has changed the current file. */
  async check(): Promise<void> {
    await this.#files.check()
    await this.#compareFile()
  }

  /**
   * A change by another program at the very moment of a write has the time of that write, and shows in the content alone. Compares what this
   * process has written since the last comparison together with all before it, at most a fiftieth of the time; the next `check()` or
   * `append()` throws if it differs. Batches may be appended meanwhile.
   */
  async compareContent(): Promise<void> {
    const { clock } = this.#options
    const [path, bytes, began] = [this.#files.path, this.#bytesInTree, clock.monotonic()]
    const isCompared = path === this.#compared.path && bytes === this.#compared.bytes
    if (isCompared || bytes === 0 || began < this.#compared.next) return
    const root = this.#tree.root()
    const found = await rootOfFile(path, bytes)
    const ended = clock.monotonic()
    this.#compared = { path, bytes, next: ended + (ended - began) * comparisonShare }
    // A file that is full is watched as those are.
    if (!found?.equals(root) && this.#files.path === path) this.#files.suspect()
  }

  async close(): Promise<void> {
    await this.#files.close()
  }

  /** The lines that come before all others: of a new file, and of an epoch. */
  async #beginFile(): Promise<void> {
    const { size: first, roots } = this.#tree
    const { number: file, oldestKept: oldest, size } = this.#files
    const epoch = this.#epoch
    if (size > 0 && epoch === undefined) return
    const segment = size > 0 ? '' : segmentLine({ file, first, roots, oldest })
    const bytes = Buffer.from(`${segment}${epoch === undefined ? '' : epochLine(epoch.epoch, epoch.certificate)}`)
    await this.#appendLines(bytes)
    this.#epoch = undefined
    if (size === 0) this.#oldest = oldest
  }

  /**
   * Removes files that the current one says are not kept any more, and that no sink needs. What stays: the tiles above the lowest, and the
   * epochs.
   */
  async removeOutdated(needed: number): Promise<void> {
    const oldest = Math.min(this.#oldest, needed)
    if (this.#removedBefore >= oldest) return
    for (const path of await this.#files.outdated(oldest)) {
      this.#watched.remove(path)
      await removeFile(path, this.#tiles, tile => this.#watched.remove(tile))
    }
    this.#removedBefore = oldest
  }

  /** Another program may have written into the file. Throws `LogTampered` if its content is not what was written. */
  async #compareFile(): Promise<void> {
    const changed = this.#files.changedByOthers()
    if (changed === undefined) return
    const { path, size } = this.#files
    if (size > 0 && !(await this.#files.root())?.equals(this.#tree.root()))
      throw new LogTampered(`The audit log "${path}" was changed while it was written`)
    this.#files.confirm(changed)
  }

  /** The batch is on disk: if the next file cannot be begun, the full one grows, and a later batch retries. */
  async #rotateIfFull(): Promise<void> {
    const { clock, log, maxFileBytes = defaultMaxFileBytes } = this.#options
    if (this.#files.size < maxFileBytes || clock.monotonic() < this.#rotateAfter) return
    try {
      const full = this.#files.path
      await this.#files.rotate()
      this.#bytesInTree = 0
      this.#watched.addLog(full, this.#tree.root())
    } catch (err) {
      this.#rotateAfter = clock.monotonic() + retryDelayMs
      log.error('audit log not rotated', { err })
    }
  }
}
