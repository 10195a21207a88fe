// Values in a folder of the part, one file each: within limits, replaced whole, and read back only if nothing has changed their bytes.
import { createHash } from 'node:crypto'
import { constants, mkdirSync } from 'node:fs'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../base/files/replace-file.ts'
import { isJsonObject } from '../base/json.ts'
import { codeOf, messageOf, UserError } from '../base/user-error.ts'
import { writeJson } from '../base/write-json.ts'
import { parseBoundedJson } from '../supply-chain/oci/bounded-json.ts'

export interface KeptFilesLimits {
  readonly files: number
  readonly fileBytes: number
  /** Of all files. */
  readonly bytes: number
}

/** A file that was not read, and why. */
export interface DamagedFile {
  readonly path: string
  readonly problem: string
}

const form = /^[0-9a-f]{64}\.json$/

export class KeptFiles {
  readonly #folder: string
  readonly #limits: KeptFilesLimits
  /** Bytes by file name; the longest unused first. */
  readonly #files = new Map<string, number>()
  #bytes = 0

  constructor(folder: string, limits: KeptFilesLimits) {
    this.#folder = folder
    this.#limits = limits
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  /** Those that a previous process has kept, the oldest first. Damaged ones are removed, and given to `onDamaged`. */
  async *read(onDamaged: (file: DamagedFile) => void): AsyncGenerator<readonly [key: string, value: unknown]> {
    const found: { readonly name: string; readonly size: number; readonly time: number }[] = []
    for (const name of await readdir(this.#folder)) {
      // Drafts that a dead process has left.
      if (!form.test(name)) await rm(join(this.#folder, name), { force: true, recursive: true })
      else {
        const { size, mtimeMs } = await stat(join(this.#folder, name))
        found.push({ name, size, time: mtimeMs })
      }
    }
    for (const { name, size } of found.toSorted((a, b) => a.time - b.time)) {
      const path = join(this.#folder, name)
      try {
        const entry = await readEntry(path, this.#limits.fileBytes)
        if (nameOf(entry[0]) !== name) throw new UserError('it is named after another key')
        this.#add(name, size)
        yield entry
      } catch (err) {
        onDamaged({ path, problem: messageOf(err) })
        await rm(path, { force: true })
      }
    }
    await this.#makeRoom()
  }

  /** Resolves when it is on disk. Rejects if it is too large or the disk is full; an earlier value stays then. */
  async set(key: string, value: unknown): Promise<void> {
    const content = writeJson([key, value])
    const bytes = Buffer.from(writeJson({ digest: digestOf(content), content }))
    if (bytes.length > this.#limits.fileBytes)
      throw new UserError(`"${key.slice(0, 200)}" has ${bytes.length} bytes to keep, at most ${this.#limits.fileBytes}`)
    const name = nameOf(key)
    await replaceFile(join(this.#folder, name), bytes)
    this.#add(name, bytes.length)
    await this.#makeRoom()
  }

  async delete(key: string): Promise<void> {
    await this.#remove(nameOf(key))
  }

  #add(name: string, bytes: number): void {
    this.#bytes += bytes - (this.#files.get(name) ?? 0)
    this.#files.delete(name)
    this.#files.set(name, bytes)
  }

  async #makeRoom(): Promise<void> {
    for (const oldest of this.#files.keys()) {
      if (this.#files.size <= this.#limits.files && this.#bytes <= this.#limits.bytes) return
      await this.#remove(oldest)
    }
  }

  async #remove(name: string): Promise<void> {
    this.#bytes -= this.#files.get(name) ?? 0
    this.#files.delete(name)
    await rm(join(this.#folder, name), { force: true })
  }
}

const digestOf = (content: string): string => createHash('sha256').update(content).digest('hex')
const nameOf = (key: string): string => `${digestOf(key)}.json`

async function readEntry(path: string, maxBytes: number): Promise<readonly [string, unknown]> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((err: unknown) => {
    throw new UserError(codeOf(err) === 'ELOOP' ? 'it is a link' : messageOf(err), { cause: err })
  })
  const { size } = await file.stat()
  if (size > maxBytes) throw new UserError(`it has ${size} bytes, at most ${maxBytes} are read`)
  const outer = parseBoundedJson(await file.readFile(), maxBytes, 'it')
  const { digest, content } = isJsonObject(outer) ? outer : {}
  if (typeof content !== 'string' || digestOf(content) !== digest) throw new UserError('its content is not what was written')
  const entry = parseBoundedJson(Buffer.from(content), maxBytes, 'it')
  if (!Array.isArray(entry) || typeof entry[0] !== 'string') throw new UserError('it has no key')
  return [entry[0], entry[1]]
}
