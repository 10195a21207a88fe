// Keeps large objects in memory while they are new or in use, within a limit of bytes; the others are read back from files.
import type { Logger } from '../../base/log.ts'
import type { OverflowFolder, Place } from './overflow-folder.ts'

export interface LargeObjectsOptions {
  readonly folder: OverflowFolder
  readonly log: Logger
  /** Size in bytes from which an object is large. */
  readonly fromBytes?: number
  /** Limit of bytes of large objects in memory. */
  readonly cacheBytes?: number
}

/** Most pods and nearly all other objects are smaller. */
export const largeFromBytes = 64 * 1024
/** For the most recently written or read objects. */
export const largeCacheBytes = 32 * 2 ** 20

export class LargeObjects {
  readonly fromBytes: number
  readonly #cacheBytes: number
  readonly #folder: OverflowFolder
  readonly #log: Logger
  /** Objects with bytes in memory, the least recently used first. */
  readonly #cached = new Set<LargeBytes>()
  #bytes = 0
  /** Bytes that are being written to files. */
  #leaving = 0
  #isLoading = true
  #hasFailed = false
  #isClosed = false
  readonly #writing = new Set<Promise<void>>()
  /** A version lives as long as anything refers to it, for example a slow reader of a list; its file is removed with it. */
  readonly #abandoned = new FinalizationRegistry<Place>(place => this.#folder.remove(place))

  constructor({ folder, log, fromBytes = largeFromBytes, cacheBytes = largeCacheBytes }: LargeObjectsOptions) {
    this.#folder = folder
    this.#log = log
    this.fromBytes = fromBytes
    this.#cacheBytes = cacheBytes
  }

  /** Bytes in memory, including those that are being written to files. */
  get bytesInMemory(): number {
    return this.#bytes + this.#leaving
  }

  get files(): number {
    return this.#folder.files
  }

  hold(bytes: Buffer): LargeBytes {
    const large = new LargeBytes(this, bytes)
    this.#keep(large)
    return large
  }

  /** From here on files are written in the background. */
  loaded(): void {
    this.#isLoading = false
  }

  /** Called by LargeBytes. */
  touch(large: LargeBytes): void {
    if (this.#cached.delete(large)) this.#cached.add(large)
    else this.#keep(large)
  }

  /** Called by LargeBytes whose bytes are no longer in memory. */
  readBack(large: LargeBytes, place: Place): Buffer {
    const bytes = this.#folder.read(place)
    large.bytes = bytes
    this.#keep(large)
    return bytes
  }

  /** The content of the files is lost. */
  async close(): Promise<void> {
    this.#isClosed = true
    // A file that is created while the folder is removed would keep it.
    await Promise.all(this.#writing)
    await this.#folder.close()
  }

  #keep(large: LargeBytes): void {
    this.#cached.add(large)
    this.#bytes += large.length
    for (const oldest of this.#cached) {
      // The newest stays, whatever its size, because its writer or reader uses it several times.
      if (this.#bytes <= this.#cacheBytes || oldest === large) break
      this.#cached.delete(oldest)
      this.#bytes -= oldest.length
      this.#leave(oldest)
    }
  }

  #leave(large: LargeBytes): void {
    const { bytes } = large
    if (bytes === undefined) return
    if (large.place !== undefined) large.letGo()
    else if (this.#isLoading) this.#placed(large, this.#folder.writeNow(bytes))
    else if (!large.isLeaving && !this.#isClosed) this.#writeBeside(large, bytes)
  }

  #writeBeside(large: LargeBytes, bytes: Buffer): void {
    const writing = this.#write(large, bytes).finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  async #write(large: LargeBytes, bytes: Buffer): Promise<void> {
    this.#leaving += bytes.length
    large.isLeaving = true
    try {
      this.#placed(large, await this.#folder.write(bytes))
      this.#hasFailed = false
    } catch (err) {
      // It stays in memory, for which the limit of the store leaves room, and is tried again after the next read.
      if (!this.#hasFailed) this.#log.error('cannot write a large object to a file, so it stays in memory', { err })
      this.#hasFailed = true
    } finally {
      large.isLeaving = false
      this.#leaving -= bytes.length
    }
  }

  #placed(large: LargeBytes, place: Place): void {
    large.place = place
    this.#abandoned.register(large, place)
    // If it was used meanwhile, it is among the cached ones again.
    if (!this.#cached.has(large)) large.letGo()
  }
}

/** The bytes of one version of a large object. */
export class LargeBytes {
  readonly owner: LargeObjects
  readonly length: number
  /** Undefined if they are only in a file. */
  bytes: Buffer | undefined
  place: Place | undefined
  isLeaving = false
  /** Concurrent readers share it. */
  #lent: WeakRef<Buffer> | undefined

  constructor(owner: LargeObjects, bytes: Buffer) {
    this.owner = owner
    this.bytes = bytes
    this.length = bytes.length
  }

  read(): Buffer {
    if (this.bytes !== undefined) {
      this.owner.touch(this)
      return this.bytes
    }
    const lent = this.#lent?.deref()
    if (lent !== undefined) return lent
    if (this.place === undefined) throw new Error('The bytes of a large object are missing')
    return this.owner.readBack(this, this.place)
  }

  /** The bytes are in a file now. */
  letGo(): void {
    if (this.bytes !== undefined) this.#lent = new WeakRef(this.bytes)
    this.bytes = undefined
  }
}
