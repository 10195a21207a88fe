// What each namespace stores in the registry: one namespace must not fill the disk of all. What was deleted counts until the registry
// has removed it, at its next start.
import { appendFile } from 'node:fs/promises'
import { parseRepositoryName } from '../api/repository-name.ts'
import { OneByOne } from '../base/async/serial-queue.ts'
import { readTextIfThere } from '../base/files/read-text.ts'
import { replaceFile } from '../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../base/json.ts'
import { writeJson } from '../base/write-json.ts'
import { RegistryFault } from './registry-fault.ts'

/** Without a quota of its own. */
export const defaultNamespaceBytes = 10 * 2 ** 30
/** Blobs and manifests of a namespace. */
export const maxNamespaceEntries = 20_000
/** After this time without a byte, the registry has dropped an upload. */
export const uploadMs = 3 * 3600 * 1000
/** Unfinished uploads of a namespace. */
export const maxUploads = 200

export interface StoredEntry {
  readonly repository: string
  readonly digest: string
  readonly bytes: number
}

interface Upload {
  readonly namespace: string
  bytes: number
  touched: number
}

export class StoredContent {
  readonly #file: string | undefined
  /** By namespace, then by repository and digest. */
  readonly #stored = new Map<string, Map<string, StoredEntry>>()
  /** By namespace; of `#stored`. */
  readonly #sums = new Map<string, number>()
  readonly #uploads = new Map<string, Upload>()
  readonly #writes = new OneByOne()

  constructor(file?: string, entries: readonly StoredEntry[] = []) {
    this.#file = file
    for (const entry of entries) this.#add(entry)
  }

  /** Rejects if the file exists and cannot be read: without it, no limit would hold. */
  static async open(file: string): Promise<StoredContent> {
    const text = (await readTextIfThere(file)) ?? ''
    return new StoredContent(file, text.split('\n').flatMap(entryOf))
  }

  entries(): StoredEntry[] {
    return [...this.#stored.values()].flatMap(entries => [...entries.values()])
  }

  /** Bytes of a namespace, unfinished uploads included. The same blob in two repositories counts twice: each keeps it. */
  bytesOf(namespace: string, now: number): number {
    let sum = this.#sums.get(namespace) ?? 0
    for (const [id, upload] of this.#uploads) {
      if (now - upload.touched > uploadMs) this.#uploads.delete(id)
      else if (upload.namespace === namespace) sum += upload.bytes
    }
    return sum
  }

  /** Throws a RegistryFault if the namespace has no room for further `bytes`. */
  requireRoom(namespace: string, bytes: number, limit: number, now: number): void {
    const used = this.bytesOf(namespace, now)
    if (used + bytes > limit)
      throw new RegistryFault(
        'DENIED',
        `Namespace "${namespace}" stores ${used} bytes in the registry, and ${bytes} more exceed its limit of ${limit}`,
      )
    if ((this.#stored.get(namespace)?.size ?? 0) >= maxNamespaceEntries)
      throw new RegistryFault('DENIED', `Namespace "${namespace}" stores ${maxNamespaceEntries} blobs and manifests, which is the limit`)
  }

  /** Throws a RegistryFault if too many uploads of the namespace are unfinished. */
  requireUpload(namespace: string, now: number): void {
    const open = [...this.#uploads.values()].filter(upload => upload.namespace === namespace && now - upload.touched <= uploadMs)
    if (open.length >= maxUploads)
      throw new RegistryFault('TOOMANYREQUESTS', `Namespace "${namespace}" has ${maxUploads} unfinished uploads, which is the limit`)
  }

  /** `id` is unique to a repository and an upload. */
  beginUpload(id: string, namespace: string, now: number): void {
    this.#uploads.set(id, { namespace, bytes: 0, touched: now })
  }

  /**
   * Counts bytes of an upload as they arrive. Throws a RegistryFault for one that was not begun here, such as one from before a restart: its
   * bytes would not be counted.
   */
  received(id: string, bytes: number, now: number): void {
    const upload = this.#uploads.get(id)
    if (upload === undefined) throw new RegistryFault('BLOB_UPLOAD_UNKNOWN', 'There is no such upload: begin it again')
    upload.bytes += bytes
    upload.touched = now
  }

  /** Bytes of an upload so far. */
  uploaded(id: string): number {
    return this.#uploads.get(id)?.bytes ?? 0
  }

  endUpload(id: string): void {
    this.#uploads.delete(id)
  }

  /** Resolves when it is on disk. */
  async store(entry: StoredEntry): Promise<void> {
    if (!this.#add(entry) || this.#file === undefined) return
    const file = this.#file
    await this.#writes.run(() => appendFile(file, `${writeJson(entry)}\n`, { mode: 0o600 }))
  }

  /** Drops what `isStored` no longer finds. Resolves when that is on disk. */
  async recount(isStored: (entry: StoredEntry) => Promise<boolean>): Promise<void> {
    for (const entry of this.entries()) {
      if (await isStored(entry)) continue
      if (this.#stored.get(namespaceOf(entry))?.delete(keyOf(entry)) === true) this.#count(entry, -entry.bytes)
    }
    const file = this.#file
    if (file === undefined) return
    await this.#writes.run(() =>
      replaceFile(
        file,
        this.entries()
          .map(entry => `${writeJson(entry)}\n`)
          .join(''),
      ),
    )
  }

  /** False if it is known. */
  #add(entry: StoredEntry): boolean {
    const namespace = namespaceOf(entry)
    const entries = this.#stored.get(namespace) ?? new Map<string, StoredEntry>()
    this.#stored.set(namespace, entries)
    if (entries.has(keyOf(entry))) return false
    entries.set(keyOf(entry), entry)
    this.#count(entry, entry.bytes)
    return true
  }

  #count(entry: StoredEntry, bytes: number): void {
    const namespace = namespaceOf(entry)
    this.#sums.set(namespace, (this.#sums.get(namespace) ?? 0) + bytes)
  }
}

const namespaceOf = ({ repository }: StoredEntry): string => parseRepositoryName(repository)?.namespace ?? ''
const keyOf = ({ repository, digest }: StoredEntry): string => `${repository}@${digest}`

/** The last line may be incomplete after a power cut; its blob is then not counted. */
function entryOf(line: string): StoredEntry[] {
  if (line === '') return []
  let value: unknown
  try {
    value = parseJson(line)
  } catch (err) {
    if (err instanceof SyntaxError) return []
    throw err
  }
  if (!isJsonObject(value)) return []
  const { repository, digest, bytes } = value
  return typeof repository === 'string' && typeof digest === 'string' && typeof bytes === 'number' ? [{ repository, digest, bytes }] : []
}
