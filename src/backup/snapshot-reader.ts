// Takes the lines of a snapshot and stores them as chunks.
import { createHash } from 'node:crypto'
import type { ControlLine } from '../api/backup/change-feed.ts'
import { parseRecord, placeKey } from '../api/backup/record-line.ts'
import type { LinkPack } from '../base/backup/backup-link.ts'
import { Chunker } from './format/chunker.ts'

/** Chunks that are being sealed and stored at a time. */
const chunksAtOnce = 4

export interface Snapshot {
  readonly revision: number
  readonly objects: number
  readonly digest: string
  readonly chunks: readonly LinkPack[]
}

export class SnapshotReader {
  readonly #store: (chunk: Buffer) => Promise<LinkPack>
  readonly #chunker = new Chunker()
  readonly #chunks: Promise<LinkPack>[] = []
  readonly #digest = createHash('sha256')
  #running: Promise<LinkPack>[] = []
  #objects = 0

  constructor(store: (chunk: Buffer) => Promise<LinkPack>) {
    this.#store = store
  }

  /** Takes a line without its line feed. Resolves when the next one may come. */
  async add(line: Buffer): Promise<void> {
    const record = parseRecord(line)
    this.#digest.update(record.sha256)
    this.#objects++
    const chunk = this.#chunker.add(placeKey(record), Buffer.concat([line, lineFeed]))
    if (chunk !== undefined) await this.#put(chunk)
  }

  /** Rejects unless everything came that the API server has sent. */
  async end({ revision, objects, digest }: Extract<ControlLine, { control: 'complete' }>): Promise<Snapshot> {
    const last = this.#chunker.end()
    if (last !== undefined) await this.#put(last)
    const chunks = await Promise.all(this.#chunks)
    if (this.#objects !== objects || this.#digest.digest('hex') !== digest)
      throw new Error(`${this.#objects} objects came, but the API server has sent ${objects} with another digest`)
    return { revision, objects, digest, chunks }
  }

  async #put(chunk: Buffer): Promise<void> {
    if (this.#running.length >= chunksAtOnce) {
      await this.#running[0]
      this.#running = this.#running.slice(1)
    }
    const stored = this.#store(chunk)
    // Awaited above or at the end.
    stored.catch(() => undefined)
    this.#running.push(stored)
    this.#chunks.push(stored)
  }
}

const lineFeed = Buffer.from('\n')
