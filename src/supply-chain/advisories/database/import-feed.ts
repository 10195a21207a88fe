// Imports a feed into the file of its source: whole or not at all, and never older than what is there.

import type { KeyObject } from 'node:crypto'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncToDisk } from '../../../base/files/sync-to-disk.ts'
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { Advisory } from '../advisory.ts'
import type { FeedFormat } from '../sources/feed-format.ts'
import { type Feed, openFeed } from './feed-documents.ts'
import { removeOldDrafts } from './old-drafts.ts'
import { readSourceState } from './open-database.ts'
import { fileFormat, openSqlite, type SourceState, schema } from './source-file.ts'
import { keyDigest, verifyFeed } from './verify-feed.ts'

/** A name of a source is a name of a file. */
export const isSourceName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,62}$/.test(name)

/** How far ahead of our clock a source's may be. A time in the far future would refuse all later imports. */
export const maxClockSkewMs = 24 * 3_600_000

export interface ImportOptions {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** When the source published it, for formats that do not say; default: when the file was written. */
  readonly time?: number
  /** Accepts older content, and content without the signature that the source had before. */
  readonly force?: boolean
  readonly signed?: { readonly key: KeyObject; readonly signature: Buffer }
}

/** Throws a UserError, and leaves what is there, if anything is wrong with the feed. */
export async function importFeed(format: FeedFormat, path: string, folder: string, options: ImportOptions): Promise<SourceState> {
  const { name, now, signed, force = false } = options
  if (!isSourceName(name))
    throw new UserError(`The name of a source must be lower-case letters, digits and hyphens, at most 63, got "${name}"`)
  const target = join(folder, `${name}.db`)
  const before = readSourceState(target)
  const feed = await openFeed(path)
  const key = verifiedKey(feed, path, signed)
  if (!force && before?.key !== undefined && before.key !== key)
    throw new UserError(
      `"${path}" must be signed by the key that signed source "${name}" before (${before.key.slice(0, 16)}…). --force accepts it`,
    )
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  removeOldDrafts(folder, now)
  const draft = join(folder, `.${name}.${randomBytes(8).toString('hex')}.new`)
  try {
    const written = await writeDraft(draft, format, feed)
    const time = written.time ?? options.time ?? feed.modified
    if (time > now + maxClockSkewMs)
      throw new UserError(
        `"${path}" is from the future (${new Date(time).toISOString()}): the clock of this machine, or the source, is wrong`,
      )
    if (!force && before !== undefined && time < before.time)
      throw new UserError(
        `"${path}" is older than what source "${name}" has: ${new Date(time).toISOString()}, not ${new Date(before.time).toISOString()} or later. --force imports it`,
      )
    const state: SourceState = {
      name,
      format: format.name,
      time,
      importedAt: now,
      digest: feed.digest(),
      entries: written.entries,
      ...(key !== undefined && { key }),
    }
    sealDraft(draft, state)
    // Advisories are public, and another user may read them, such as the part "artifacts" of a cluster.
    chmodSync(draft, 0o644)
    await syncToDisk(draft)
    await rename(draft, target)
    await syncToDisk(folder)
    return state
  } finally {
    await rm(draft, { force: true })
  }
}

function verifiedKey({ bytes }: Feed, path: string, signed: ImportOptions['signed']): string | undefined {
  if (signed === undefined) return undefined
  if (bytes === undefined) throw new UserError(`"${path}" must be a file: a signature is over one file, not over a folder`)
  if (!verifyFeed(bytes, signed.signature, signed.key))
    throw new UserError(`The signature of "${path}" is not one of this key over this content`)
  return keyDigest(signed.key)
}

async function writeDraft(draft: string, format: FeedFormat, feed: Feed): Promise<{ readonly entries: number; readonly time?: number }> {
  const db = openSqlite(draft, false)
  try {
    // A draft that a crash leaves is thrown away: it needs no journal. It is synced before the rename.
    db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 8192;')
    db.exec(schema)
    db.exec('BEGIN')
    const addAdvisory = advisoryWriter(db)
    const addProbability = db.prepare('INSERT OR REPLACE INTO probability VALUES (?, ?)')
    const addExploited = db.prepare('INSERT OR REPLACE INTO exploited VALUES (?)')
    const addStatement = db.prepare('INSERT INTO statement VALUES (?, ?, ?)')
    let entries = 0
    let newest: number | undefined
    for await (const document of feed.documents()) {
      const { advisories = [], probabilities = [], exploited = [], statements = [], time } = format.read(document)
      for (const advisory of advisories) {
        addAdvisory(advisory)
        entries++
      }
      for (const { cve, probability } of probabilities) {
        addProbability.run(cve, probability)
        entries++
      }
      for (const cve of exploited) {
        addExploited.run(cve)
        entries++
      }
      for (const statement of statements) {
        entries++
        for (const id of new Set(statement.vulnerabilities)) addStatement.run(id, entries, writeJson(statement))
      }
      if (time !== undefined) newest = Math.max(newest ?? time, time)
    }
    if (entries === 0)
      throw new UserError(`The feed has no entry in the format "${format.name}" that concerns a known ecosystem: nothing is imported`)
    db.exec('INSERT INTO ecosystem SELECT DISTINCT ecosystem FROM affected; COMMIT')
    return { entries, ...(newest !== undefined && { time: newest }) }
  } finally {
    db.close()
  }
}

function advisoryWriter(db: ReturnType<typeof openSqlite>): (advisory: Advisory) => void {
  const addAdvisory = db.prepare('INSERT INTO advisory (name, severity, score, cves, summary) VALUES (?, ?, ?, ?, ?)')
  const addAffected = db.prepare('INSERT INTO affected VALUES (?, ?, ?, ?, ?, ?)')
  return ({ id, severity, score, cves, summary, affected }) => {
    const { lastInsertRowid } = addAdvisory.run(id, severity, score ?? null, cves.join(' '), summary ?? null)
    for (const [number, { ecosystem, name, ranges, versions }] of affected.entries())
      addAffected.run(ecosystem, name, lastInsertRowid, number, writeJson(ranges), writeJson(versions))
  }
}

function sealDraft(draft: string, state: SourceState): void {
  const db = openSqlite(draft, false)
  try {
    const add = db.prepare('INSERT INTO meta VALUES (?, ?)')
    add.run('format', fileFormat)
    add.run('state', writeJson(state))
  } finally {
    db.close()
  }
}
