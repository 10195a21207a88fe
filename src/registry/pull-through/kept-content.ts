// Content of other registries, in files named by their digests. What was not used for the longest time goes first.
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../base/user-error.ts'
import { isDigest } from '../../supply-chain/oci/digest.ts'

export interface ContentLimits {
  readonly bytes: number
  readonly files: number
}

/** Of all mirrored registries together. */
export const contentLimits: ContentLimits = { bytes: 20 * 2 ** 30, files: 50_000 }

/** Content that is being fetched: readers follow it as it grows. */
export interface Growing {
  readonly path: string
  /** Its name when it is complete. */
  readonly finalPath: string
  readonly size: number
  /** Bytes in the file. */
  written: number
  /** Undefined while it grows. */
  end: 'complete' | Error | undefined
  /** Resolves with the next change. */
  changed: PromiseWithResolvers<void>
}

export class KeptContent {
  readonly #folder: string
  readonly #limits: ContentLimits
  /** The longest unused first. */
  readonly #files = new Map<string, number>()
  readonly #growing = new Map<string, Growing>()
  #bytes = 0

  private constructor(folder: string, limits: ContentLimits) {
    this.#folder = folder
    this.#limits = limits
  }

  /** Removes what an earlier process did not finish. */
  static async open(folder: string, limits = contentLimits): Promise<KeptContent> {
    const kept = new KeptContent(folder, limits)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const found: { readonly digest: string; readonly bytes: number; readonly usedMs: number }[] = []
    for (const name of await readdir(folder)) {
      const digest = name.replace('-', ':')
      const { size, mtimeMs } = await stat(join(folder, name))
      if (isDigest(digest)) found.push({ digest, bytes: size, usedMs: mtimeMs })
      else await rm(join(folder, name), { force: true })
    }
    for (const { digest, bytes } of found.toSorted((a, b) => a.usedMs - b.usedMs)) kept.#add(digest, bytes)
    await kept.#shrink()
    return kept
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The file of a digest, if it is complete. */
  path(digest: string): string | undefined {
    const bytes = this.#files.get(digest)
    if (bytes === undefined) return undefined
    this.#files.delete(digest)
    this.#files.set(digest, bytes)
    return this.#pathOf(digest)
  }

  growing(digest: string): Growing | undefined {
    return this.#growing.get(digest)
  }

  /**
   * Fetches content into a file; readers may follow it from now on. It is kept if it has the digest and the size, else its end is an error. `finished`
   * resolves when it has ended either way.
   */
  async fetch(
    digest: string,
    size: number,
    content: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly growing: Growing; readonly finished: Promise<void> }> {
    const draft = `${this.#pathOf(digest)}.part`
    const growing: Growing = {
      path: draft,
      finalPath: this.#pathOf(digest),
      size,
      written: 0,
      end: undefined,
      changed: Promise.withResolvers(),
    }
    this.#growing.set(digest, growing)
    try {
      const file = await open(draft, 'w', 0o600)
      this.#tell(growing)
      return { growing, finished: this.#write(digest, growing, file, content) }
    } catch (err) {
      this.#growing.delete(digest)
      growing.end = err instanceof Error ? err : new Error(String(err))
      this.#tell(growing)
      throw err
    }
  }

  async #write(digest: string, growing: Growing, file: FileHandle, content: AsyncIterable<Uint8Array>): Promise<void> {
    const [algorithm = '', hex] = digest.split(':')
    const hash = createHash(algorithm)
    try {
      for await (const piece of content) {
        if (growing.written + piece.length > growing.size) throw new Error(`${digest} has more than ${growing.size} bytes`)
        hash.update(piece)
        await file.write(piece)
        growing.written += piece.length
        this.#tell(growing)
      }
      if (growing.written !== growing.size || hash.digest('hex') !== hex) throw new Error(`${digest} has other content`)
      await file.close()
      await rename(growing.path, this.#pathOf(digest))
      this.#add(digest, growing.size)
      growing.end = 'complete'
    } catch (err) {
      growing.end = err instanceof Error ? err : new Error(String(err))
      await file.close().catch(() => undefined)
      await rm(growing.path, { force: true }).catch(() => undefined)
    } finally {
      this.#growing.delete(digest)
      this.#tell(growing)
    }
    await this.#shrink()
  }

  #tell(growing: Growing): void {
    const { changed } = growing
    growing.changed = Promise.withResolvers()
    changed.resolve()
  }

  #add(digest: string, bytes: number): void {
    this.#bytes += bytes - (this.#files.get(digest) ?? 0)
    this.#files.set(digest, bytes)
  }

  /** Readers that have a file open keep it. */
  async #shrink(): Promise<void> {
    for (const [digest, bytes] of this.#files) {
      if (this.#bytes <= this.#limits.bytes && this.#files.size <= this.#limits.files) return
      this.#files.delete(digest)
      this.#bytes -= bytes
      await rm(this.#pathOf(digest), { force: true })
    }
  }

  #pathOf(digest: string): string {
    return join(this.#folder, digest.replace(':', '-'))
  }
}

const pieceBytes = 256 * 1024

/** The content as it arrives. Rejects where its end is an error: what was read of it must not be used. */
export async function* follow(growing: Growing): AsyncIterable<Uint8Array> {
  const file = await openGrowing(growing)
  try {
    let read = 0
    for (;;) {
      const { changed, end } = growing
      while (read < growing.written) {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(Math.min(pieceBytes, growing.written - read)), { position: read })
        read += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
      if (end instanceof Error) throw end
      if (end === 'complete') return
      if (read >= growing.written && growing.end === undefined) await changed.promise
    }
  } finally {
    await file.close()
  }
}

/** At its end the file gets another name, or is removed. */
async function openGrowing(growing: Growing): Promise<FileHandle> {
  for (;;) {
    const { path, finalPath, end, changed } = growing
    if (end instanceof Error) throw end
    try {
      return await open(end === 'complete' ? finalPath : path, 'r')
    } catch (err) {
      if (codeOf(err) !== 'ENOENT' || end === 'complete') throw err
    }
    // It is not made yet, or has just ended.
    if (growing.end === undefined) await changed.promise
  }
}

/** Resolves when there is something to read. Rejects if there will be nothing. */
export async function begun(growing: Growing): Promise<void> {
  while (growing.written === 0 && growing.end === undefined) await growing.changed.promise
  if (growing.written === 0 && growing.end instanceof Error) throw growing.end
}
