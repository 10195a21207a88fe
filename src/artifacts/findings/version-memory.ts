// Keeps on disk which version of each document of VEX was the newest, by image: after a restart of the part an older one, which somebody keeps under
// another name, does not count again.

import { createHash } from 'node:crypto'
import { CoalescedWork } from '../../base/async/coalesced-work.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import type { DocumentVersion } from '../../supply-chain/advisories/vex/document-version.ts'
import { type Digest, isDigest } from '../../supply-chain/oci/digest.ts'
import type { KeptFiles } from '../kept-files.ts'

/** A version takes at most 120 bytes, and of an image 1000 are kept. */
export const versionFilesLimits = { files: 2000, fileBytes: 256 << 10, bytes: 32 << 20 }

/** The identifier of a document may be long; this one is not. */
export const shortened = (version: DocumentVersion): DocumentVersion => ({
  ...version,
  id: createHash('sha256').update(version.id).digest('base64'),
})

export interface VersionMemoryParts {
  readonly files: Pick<KeptFiles, 'read' | 'set'>
  readonly log: Logger
}

export class VersionMemory {
  readonly #parts: VersionMemoryParts
  readonly #waiting = new Map<Digest, readonly DocumentVersion[]>()
  readonly #work = new CoalescedWork(() => this.#write())

  constructor(parts: VersionMemoryParts) {
    this.#parts = parts
  }

  /** What an earlier process has kept, the oldest first. Never rejects. */
  async *read(): AsyncGenerator<readonly [image: Digest, versions: readonly DocumentVersion[]]> {
    const { files, log } = this.#parts
    try {
      for await (const [image, value] of files.read(({ path, problem }) => log.error('kept versions are damaged', { path, problem })))
        if (isDigest(image) && Array.isArray(value)) yield [image, value.filter(isVersion)]
    } catch (err) {
      log.error('cannot read which versions of documents are the newest', { err: messageOf(err) })
    }
  }

  /** Written soon, in the background. */
  keep(image: Digest, versions: readonly DocumentVersion[]): void {
    this.#waiting.set(image, versions)
    this.#work.request()
  }

  /** Resolves when everything is written, or could not be. */
  async written(): Promise<void> {
    await this.#work.idle()
  }

  async #write(): Promise<void> {
    const { files, log } = this.#parts
    for (const [image, versions] of this.#waiting) {
      this.#waiting.delete(image)
      try {
        await files.set(image, versions)
      } catch (err) {
        log.error('cannot keep which versions of documents are the newest', { image, err: messageOf(err) })
      }
    }
  }
}

const isVersion = (value: unknown): value is DocumentVersion =>
  isJsonObject(value) && typeof value['id'] === 'string' && typeof value['number'] === 'number' && typeof value['time'] === 'number'
