// The files in which the part keeps what it knows: a document per image, and a small database that says what is there and when the cluster first knew of
// each finding.
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { gunzipSync, gzipSync } from 'node:zlib'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { openSqlite } from '../../supply-chain/advisories/database/source-file.ts'
import { type Digest, isDigest } from '../../supply-chain/oci/digest.ts'
import type { SbomSummary } from './image-report.ts'

export interface FilesLimits {
  /** Of all documents, compressed. */
  readonly bytes: number
  readonly images: number
  /** Packages whose findings have a first sight. */
  readonly packages: number
}

export const filesLimits: FilesLimits = { bytes: 1024 ** 3, images: 5000, packages: 500_000 }
/** Of a document, unpacked. */
export const maxDocumentBytes = 128 * 1024 ** 2

export interface StoredSbom extends SbomSummary {
  readonly image: Digest
}

/** When a finding, by its CVEs or its id, was first known, and when its fix was; milliseconds since 1970. */
export type SeenFindings = ReadonlyMap<string, readonly [first: number, fix?: number]>

const schema = `
  PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS image (digest TEXT PRIMARY KEY, source TEXT NOT NULL, sbom TEXT NOT NULL, packages INTEGER NOT NULL, skipped INTEGER NOT NULL, time INTEGER NOT NULL, bytes INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS seen (package TEXT PRIMARY KEY, findings TEXT NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
`

export class FindingsFiles implements Disposable {
  readonly #folder: string
  readonly #limits: FilesLimits
  readonly #db: DatabaseSync
  readonly #readSeen: StatementSync
  readonly #writeSeen: StatementSync

  /** Creates what is not there. */
  constructor(folder: string, limits = filesLimits) {
    this.#folder = folder
    this.#limits = limits
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    // The umask of a socket that another thread bound could take rights from it, before sockets left them alone.
    chmodSync(folder, 0o700)
    mkdirSync(join(folder, 'sboms'), { recursive: true, mode: 0o700 })
    this.#db = openSqlite(join(folder, 'findings.db'), false)
    this.#db.exec(schema)
    this.#readSeen = this.#db.prepare('SELECT findings FROM seen WHERE package = ?')
    this.#writeSeen = this.#db.prepare('INSERT OR REPLACE INTO seen VALUES (?, ?, ?)')
  }

  /** The longest unused first. */
  images(): readonly StoredSbom[] {
    return this.#db
      .prepare('SELECT digest, source, sbom, packages, skipped, time FROM image ORDER BY used, digest')
      .all()
      .flatMap(row => {
        const [image, digest] = [String(row['digest']), String(row['sbom'])]
        if (!isDigest(image) || !isDigest(digest)) return []
        const source = row['source'] === 'Attestation' ? 'Attestation' : 'Image'
        const [packages, skipped, time] = [Number(row['packages']), Number(row['skipped']), Number(row['time'])]
        return [{ image, source, digest, packages, skipped, time }]
      })
  }

  /** Undefined if it is not there, or is not what was written. */
  document(image: Digest): Buffer | undefined {
    const sbom = this.#db.prepare('SELECT sbom FROM image WHERE digest = ?').get(image)?.['sbom']
    if (sbom === undefined) return undefined
    try {
      const text = gunzipSync(readFileSync(this.#path(image)), { maxOutputLength: maxDocumentBytes })
      return digestOf(text) === sbom ? text : undefined
    } catch (err) {
      // Removed, or damaged: the image is read again.
      if (codeOf(err) === 'ENOENT' || codeOf(err).startsWith('Z_') || codeOf(err) === 'ERR_BUFFER_TOO_LARGE') return undefined
      throw err
    }
  }

  /** `isUsed` are images that stay. Returns those that were removed for it. Rejects with a UserError if there is no room. */
  async write(
    image: Digest,
    document: Buffer,
    facts: Pick<SbomSummary, 'source' | 'packages' | 'skipped' | 'time'>,
    isUsed: (image: Digest) => boolean,
  ): Promise<{ readonly sbom: SbomSummary; readonly removed: readonly Digest[] }> {
    const packed = gzipSync(document)
    const removed = this.#makeRoom(packed.length, image, isUsed)
    await replaceFile(this.#path(image), packed)
    const digest = digestOf(document)
    const { source, packages, skipped, time } = facts
    this.#db
      .prepare('INSERT OR REPLACE INTO image VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(image, source, digest, packages, skipped, time, packed.length, time)
    return { sbom: { ...facts, digest }, removed }
  }

  remove(image: Digest): void {
    this.#db.prepare('DELETE FROM image WHERE digest = ?').run(image)
    rmSync(this.#path(image), { force: true })
  }

  touch(images: Iterable<Digest>, now: number): void {
    const update = this.#db.prepare('UPDATE image SET used = ? WHERE digest = ?')
    this.inTransaction(() => {
      for (const image of images) update.run(now, image)
    })
  }

  seen(packageKey: string): SeenFindings {
    const text = this.#readSeen.get(packageKey)?.['findings']
    const value = typeof text === 'string' ? parseJson(text) : undefined
    const seen = new Map<string, readonly [number, number?]>()
    for (const [key, times] of isJsonObject(value) ? Object.entries(value) : []) {
      const [first, fix]: unknown[] = Array.isArray(times) ? times : []
      if (typeof first === 'number') seen.set(key, typeof fix === 'number' ? [first, fix] : [first])
    }
    return seen
  }

  writeSeen(packageKey: string, seen: SeenFindings, now: number): void {
    this.#writeSeen.run(packageKey, writeJson(Object.fromEntries(seen)), now)
  }

  /** Packages that nothing has had for the longest time go first. */
  forgetOldest(): void {
    const count = Number(this.#db.prepare('SELECT count(*) AS n FROM seen').get()?.['n'])
    if (count <= this.#limits.packages) return
    this.#db
      .prepare('DELETE FROM seen WHERE package IN (SELECT package FROM seen ORDER BY used, package LIMIT ?)')
      .run(count - this.#limits.packages)
  }

  inTransaction(work: () => void): void {
    this.#db.exec('BEGIN')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (err) {
      this.#db.exec('ROLLBACK')
      throw err
    }
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }

  #makeRoom(bytes: number, image: Digest, isUsed: (image: Digest) => boolean): Digest[] {
    const { bytes: most, images } = this.#limits
    const all = this.#db.prepare('SELECT count(*) AS n, sum(bytes) AS bytes FROM image WHERE digest <> ?').get(image)
    if (Number(all?.['n']) < images && Number(all?.['bytes']) + bytes <= most) return []
    const rows = this.#db
      .prepare('SELECT digest, bytes FROM image WHERE digest <> ? ORDER BY used, digest')
      .all(image)
      .map(row => ({ digest: String(row['digest']), bytes: Number(row['bytes']) }))
    let total = rows.reduce((sum, row) => sum + row.bytes, bytes)
    let count = rows.length + 1
    const removed: Digest[] = []
    for (const row of rows) {
      if (total <= most && count <= images) break
      if (!isDigest(row.digest) || isUsed(row.digest)) continue
      removed.push(row.digest)
      total -= row.bytes
      count--
    }
    if (total > most || count > images)
      throw new UserError(`There is no room for another bill of materials: ${images} of images that run, and ${most} bytes, are kept`)
    for (const digest of removed) this.remove(digest)
    return removed
  }

  // A digest is an algorithm and hex digits: it leads nowhere else.
  #path(image: Digest): string {
    return join(this.#folder, 'sboms', `${image.replace(':', '-')}.json.gz`)
  }
}

const digestOf = (bytes: Uint8Array): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
