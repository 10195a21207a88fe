// What names of mirrored repositories were seen to be: a tag or digest leads to a manifest, and a manifest to its content. So a client gets of a repository
// only what that repository has, although the files are shared.
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import { isDigest } from '../../supply-chain/oci/digest.ts'

export interface KnownManifest {
  readonly repository: string
  /** A tag, a digest, or `referrers/` and a digest. */
  readonly reference: string
  readonly digest: string
  readonly mediaType: string
  /** Milliseconds since the epoch. */
  readonly seen: number
}

export const maxNames = 50_000

export class KnownNames {
  readonly #folder: string
  readonly #max: number
  /** The longest unused first. */
  readonly #known = new Map<string, KnownManifest>()

  private constructor(folder: string, max: number) {
    this.#folder = folder
    this.#max = max
  }

  static async open(folder: string, max = maxNames): Promise<KnownNames> {
    const names = new KnownNames(folder, max)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const found: KnownManifest[] = []
    for (const file of await readdir(folder)) {
      const known = parse(await readTextIfThere(join(folder, file)))
      if (known !== undefined && fileOf(known) === file) found.push(known)
      else await rm(join(folder, file), { force: true })
    }
    for (const known of found.toSorted((a, b) => a.seen - b.seen)) names.#known.set(keyOf(known), known)
    return names
  }

  get(repository: string, reference: string): KnownManifest | undefined {
    return this.#known.get(keyOf({ repository, reference }))
  }

  async set(known: KnownManifest): Promise<void> {
    const key = keyOf(known)
    this.#known.delete(key)
    this.#known.set(key, known)
    await replaceFile(join(this.#folder, fileOf(known)), writeJson(known))
    const [oldest] = this.#known.values()
    if (this.#known.size > this.#max && oldest !== undefined) await this.delete(oldest)
  }

  async delete(name: Pick<KnownManifest, 'repository' | 'reference'>): Promise<void> {
    if (this.#known.delete(keyOf(name))) await rm(join(this.#folder, fileOf(name)), { force: true })
  }
}

type Name = Pick<KnownManifest, 'repository' | 'reference'>
const keyOf = ({ repository, reference }: Name): string => `${repository}\n${reference}`
const fileOf = (name: Name): string => createHash('sha256').update(keyOf(name)).digest('hex')

/** A file that a full disk cut off counts as none. */
function parse(text = ''): KnownManifest | undefined {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (err) {
    if (err instanceof SyntaxError) return undefined
    throw err
  }
  if (!isJsonObject(value)) return undefined
  const { repository, reference, digest, mediaType, seen } = value
  if (typeof repository !== 'string' || typeof reference !== 'string' || typeof mediaType !== 'string') return undefined
  return typeof digest === 'string' && isDigest(digest) && typeof seen === 'number'
    ? { repository, reference, digest, mediaType, seen }
    : undefined
}
