// Keeps on disk what is known of images: their signatures and what they are. After a restart of the part while a registry is away, images that were
// known are judged from there, by the policies and trust roots as they are then. No verdict is kept.

import { createHash } from 'node:crypto'
import { CoalescedWork } from '../base/async/coalesced-work.ts'
import { isJsonObject } from '../base/json.ts'
import type { Logger } from '../base/log.ts'
import { messageOf, UserError } from '../base/user-error.ts'
import { writeJson } from '../base/write-json.ts'
import { isDigest } from '../supply-chain/oci/digest.ts'
import type { FoundImage } from './image-evaluator.ts'
import type { ImageVerifier } from './image-verifier.ts'
import type { KeptFiles } from './kept-files.ts'

/** In a folder of the part: an image has some KB of signatures, with a bill of materials some MB. */
export const imageFilesLimits = { files: 1000, fileBytes: 16 << 20, bytes: 256 << 20 }
/** Of one namespace: no tenant drives out what others need. */
export const maxOwnImages = 200
/** Waiting to be written; more are dropped, and come again when they are evaluated. */
const maxWaiting = 200

export interface KnownImage<Claims> {
  readonly claims: Claims
  readonly found?: FoundImage
}

export interface ImageMemoryParts<Claims> {
  readonly files: Pick<KeptFiles, 'read' | 'set' | 'delete'>
  readonly verifier: Pick<ImageVerifier<Claims>, 'store' | 'restore'>
  readonly log: Logger
}

export class ImageMemory<Claims> {
  readonly #parts: ImageMemoryParts<Claims>
  /** What is on disk, by key: a digest of the value. The oldest first. */
  readonly #kept = new Map<string, string>()
  readonly #waiting = new Map<string, KnownImage<Claims>>()
  readonly #work = new CoalescedWork(() => this.#write())

  constructor(parts: ImageMemoryParts<Claims>) {
    this.#parts = parts
  }

  /** Keys are `namespace\nrepository@digest`. Never rejects. */
  async *read(): AsyncGenerator<readonly [key: string, image: KnownImage<Claims>]> {
    const { files, log } = this.#parts
    const damaged = (path: string, problem: string) => log.error('what is kept of an image is damaged', { path, problem })
    try {
      for await (const [key, value] of files.read(({ path, problem }) => damaged(path, problem))) {
        try {
          const image = this.#restored(key, value)
          this.#kept.set(key, digestOf(value))
          yield [key, image]
        } catch (err) {
          if (!(err instanceof UserError)) throw err
          damaged(key, messageOf(err))
          await files.delete(key)
        }
      }
    } catch (err) {
      log.error('cannot read what is kept of images', { err })
    }
  }

  /** Written soon, in the background. */
  keep(key: string, image: KnownImage<Claims>): void {
    if (this.#waiting.size >= maxWaiting && !this.#waiting.has(key)) return
    this.#waiting.set(key, image)
    this.#work.request()
  }

  /** Resolves when everything is written, or could not be. */
  async written(): Promise<void> {
    await this.#work.idle()
  }

  async #write(): Promise<void> {
    const { files, verifier, log } = this.#parts
    for (const [key, { claims, found }] of this.#waiting) {
      this.#waiting.delete(key)
      const value = { claims: verifier.store(claims), ...(found === undefined ? {} : { found }) }
      const digest = digestOf(value)
      // An unsigned image is read again and again.
      if (this.#kept.get(key) === digest) continue
      try {
        await files.set(key, value)
        this.#kept.delete(key)
        this.#kept.set(key, digest)
        await this.#makeRoom(namespaceOf(key))
      } catch (err) {
        log.error('cannot keep what is known of an image', { image: key, err: messageOf(err) })
      }
    }
  }

  async #makeRoom(namespace: string): Promise<void> {
    const own = [...this.#kept.keys()].filter(key => namespaceOf(key) === namespace)
    for (const key of own.slice(0, Math.max(0, own.length - maxOwnImages))) {
      this.#kept.delete(key)
      await this.#parts.files.delete(key)
    }
    // The files have a limit of their own, and drop the oldest.
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= imageFilesLimits.files) return
      this.#kept.delete(key)
    }
  }

  #restored(key: string, value: unknown): KnownImage<Claims> {
    const { claims, found } = isJsonObject(value) ? value : {}
    const digest = key.slice(key.lastIndexOf('@') + 1)
    return { claims: this.#parts.verifier.restore(claims, digest), ...(found === undefined ? {} : { found: parseFound(found, digest) }) }
  }
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('\n'))
const digestOf = (value: unknown): string => createHash('sha256').update(writeJson(value)).digest('base64')

function parseFound(value: unknown, wanted: string): FoundImage {
  const { digest, mediaType, platforms } = isJsonObject(value) ? value : {}
  if (typeof digest !== 'string' || !isDigest(digest) || digest !== wanted) throw new UserError('it is of another image')
  if (typeof mediaType !== 'string' || !Array.isArray(platforms)) throw new UserError('it does not say what the image is')
  return {
    digest,
    mediaType,
    platforms: platforms.map(platform => {
      const { os, architecture, variant, digest: of } = isJsonObject(platform) ? platform : {}
      if (typeof os !== 'string' || typeof architecture !== 'string' || typeof of !== 'string' || !isDigest(of))
        throw new UserError('a platform of it is malformed')
      return { os, architecture, ...(typeof variant === 'string' ? { variant } : {}), digest: of }
    }),
  }
}
