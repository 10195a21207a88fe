// Files with bytes of large objects next to the store, for the life of the process. The log makes them durable; these files only save
// memory.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, unlink, writeFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const algorithm = 'aes-256-gcm'
const nonceLength = 12

/** The place of bytes. The tag stays in memory, so that a read returns exactly what was written, or an error. */
export interface Place {
  readonly number: number
  readonly tag: Buffer
}

/** The key is random per process and never written, so nobody can read what a crash leaves behind, and the next start removes it. */
export class OverflowFolder {
  readonly #folder: string
  readonly #key: KeyObject = createSecretKey(randomBytes(32))
  #written = 0
  #files = 0

  /** Creates the folder, empty. */
  constructor(folder: string) {
    this.#folder = folder
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { mode: 0o700 })
  }

  /** Number of files. */
  get files(): number {
    return this.#files
  }

  async write(bytes: Buffer): Promise<Place> {
    const { place, sealed } = this.#seal(bytes)
    try {
      await writeFile(this.#path(place.number), sealed, { flag: 'wx', mode: 0o600 })
    } catch (err) {
      await rm(this.#path(place.number), { force: true })
      throw err
    }
    this.#files++
    return place
  }

  /** Used before anything is served: loaded objects must not wait in memory. */
  writeNow(bytes: Buffer): Place {
    const { place, sealed } = this.#seal(bytes)
    writeFileSync(this.#path(place.number), sealed, { flag: 'wx', mode: 0o600 })
    this.#files++
    return place
  }

  /** Synchronous, as all reads of the store: most files are in the system's cache. Throws if the file is not what was written. */
  read({ number, tag }: Place): Buffer {
    const decipher = createDecipheriv(algorithm, this.#key, nonceOf(number))
    decipher.setAuthTag(tag)
    const bytes = decipher.update(readFileSync(this.#path(number)))
    decipher.final()
    return bytes
  }

  remove({ number }: Place): void {
    this.#files--
    // A file that cannot be removed takes its space until the next start.
    unlink(this.#path(number), () => undefined)
  }

  /** Nothing is read any more. */
  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  #seal(bytes: Buffer): { readonly place: Place; readonly sealed: Buffer } {
    const number = this.#written++
    const cipher = createCipheriv(algorithm, this.#key, nonceOf(number))
    const sealed = cipher.update(bytes)
    cipher.final()
    return { place: { number, tag: cipher.getAuthTag() }, sealed }
  }

  #path(number: number): string {
    return join(this.#folder, String(number))
  }
}

/** A counter, so that no nonce is used twice with a key. */
function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(nonceLength)
  nonce.writeUIntLE(number, 0, 6)
  return nonce
}
