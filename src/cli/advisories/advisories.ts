// `bulkhead advisories`: imports what `bulkhead scan` matches against, and shows what was imported.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { UserError } from '../../base/user-error.ts'
import { importFeed } from '../../supply-chain/advisories/database/import-feed.ts'
import { readSources } from '../../supply-chain/advisories/database/open-database.ts'
import { maxSignatureBytes, readPublicKey } from '../../supply-chain/advisories/database/verify-feed.ts'
import { feedFormats } from '../../supply-chain/advisories/sources/index.ts'
import { readBoundedFile } from '../scan/read-bounded-file.ts'
import { printable } from '../terminal/printable.ts'
import { layout } from '../up/data-directory.ts'
import { parseAge, silentSources } from './silence.ts'

export interface ImportFlags {
  readonly advisories?: string
  /** Of a cluster; its folder of advisories is used. */
  readonly dataDir?: string
  readonly name?: string
  readonly publicKey?: string
  readonly signature?: string
  readonly time?: string
  readonly force?: boolean
}

export interface StatusFlags {
  readonly advisories?: string
  /** Of a cluster; its folder of advisories is used. */
  readonly dataDir?: string
  readonly maxAge?: string
}

export interface AdvisoriesContext {
  /** The folder of advisories if no flag names one. */
  readonly advisories: string
  /** Milliseconds since 1970. */
  readonly now: number
  print(text: string): void
}

/** Bytes of a file with a public key. */
const maxKeyBytes = 16 << 10

export async function importAdvisories(
  flags: ImportFlags,
  source: string,
  path: string,
  { advisories, now, print }: AdvisoriesContext,
): Promise<void> {
  const format = feedFormats.find(({ name }) => name === source)
  if (format === undefined) throw new UserError(`SOURCE must be ${feedFormats.map(({ name }) => name).join(', ')}, got "${source}"`)
  const state = await importFeed(format, path, folderOf(flags, advisories), {
    name: flags.name ?? source,
    now,
    ...(flags.time !== undefined && { time: parseTime(flags.time) }),
    ...(flags.force === true && { force: true }),
    ...signedBy(flags),
  })
  const signed = state.key === undefined ? 'not signed' : `signed by ${state.key.slice(0, 16)}…`
  print(
    `Imported ${state.entries} ${state.entries === 1 ? 'entry' : 'entries'} of ${format.name} as "${state.name}", of ${isoTime(state.time)}, ${signed}, sha256:${state.digest}`,
  )
}

function folderOf({ advisories, dataDir }: Pick<ImportFlags, 'advisories' | 'dataDir'>, otherwise: string): string {
  if (dataDir === undefined) return advisories ?? otherwise
  if (advisories !== undefined) throw new UserError('Pass either --advisories or --data-dir, not both')
  const folder = layout(resolve(dataDir)).advisories
  if (!existsSync(folder)) throw new UserError(`--data-dir must be the data directory of a cluster: "${folder}" does not exist`)
  return folder
}

function signedBy({ publicKey, signature }: ImportFlags) {
  if (publicKey === undefined && signature === undefined) return {}
  if (publicKey === undefined || signature === undefined) throw new UserError('--public-key and --signature must be given together')
  const key = readPublicKey(readBoundedFile(publicKey, maxKeyBytes).toString('utf8'), `"${publicKey}"`)
  return { signed: { key, signature: readBoundedFile(signature, maxSignatureBytes) } }
}

function parseTime(text: string): number {
  const time = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T.{1,30})?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new UserError(`--time must be a time as 2026-01-31T00:00:00Z, got "${text}"`)
  return time
}

/** Returns the exit code: 1 if a source is silent for longer than `--max-age`. */
export function showAdvisories(flags: StatusFlags, { advisories, now, print }: AdvisoriesContext): number {
  const folder = folderOf(flags, advisories)
  const sources = readSources(folder)
  const maxAgeMs = parseAge(flags.maxAge ?? '7d')
  if (sources.length === 0) {
    print(`"${folder}" has no advisories. Import some: bulkhead advisories import osv all.zip`)
    return 1
  }
  const silent = silentSources(sources, now, maxAgeMs)
  const rows = sources.map(source => [
    source.name,
    source.format,
    String(source.entries),
    isoTime(source.time),
    isoTime(source.importedAt),
    source.key?.slice(0, 16) ?? '-',
    silent.includes(source) ? 'silent' : 'ok',
  ])
  const table = [['NAME', 'FORMAT', 'ENTRIES', 'PUBLISHED', 'IMPORTED', 'SIGNED BY', 'STATE'], ...rows]
  const widths = (table[0] ?? []).map((_, index) => Math.max(...table.map(row => row[index]?.length ?? 0)))
  for (const row of table)
    print(
      row
        .map((cell, index) => printable(cell).padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  for (const source of silent)
    print(`"${source.name}" has published nothing since ${isoTime(source.time)}: it is silent for longer than ${flags.maxAge ?? '7d'}`)
  return silent.length === 0 ? 0 : 1
}

const isoTime = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z')
