// Reads the folder of imported advisories: one file per source.
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { parseJson } from '../../../base/json.ts'
import { cannotRead, messageOf, UserError } from '../../../base/user-error.ts'
import type { RangeEvent } from '../advisory.ts'
import { type Severity, severities } from '../finding.ts'
import type { AdvisoryLookup, StoredAdvisory } from '../match-packages.ts'
import { RecentCache } from '../recent-cache.ts'
import { listAt, numberAt, objectAt, optionalTextAt, textAt, textsAt } from '../record-fields.ts'
import { type VexStatement, vexStatusAt } from '../vex/vex-statement.ts'
import { fileFormat, openSqlite, type SourceState } from './source-file.ts'

/** Advisories of packages that were looked up stay in memory up to this number of advisories; images share most packages. */
export const maxCachedAdvisories = 100_000
/** KiB of SQLite's page cache, per source. */
const pageCacheKib = 4096

export interface AdvisoryDatabase extends AdvisoryLookup, Disposable {
  readonly sources: readonly SourceState[]
  /** Whether there is any statement of VEX. */
  readonly hasStatements: boolean
  /** Statements of VEX about an advisory or a CVE. */
  statementsOf(vulnerability: string): readonly VexStatement[]
}

export interface OpenOptions {
  /** Sources that it refuses are not used. Default: all are. */
  accepts?(state: SourceState): boolean
  /** Advisories in memory at most. */
  readonly cached?: number
  /** Default: advisories have their summary. */
  readonly withoutSummaries?: true
}

/** Throws a UserError if the folder has no source, or a file that no import wrote. */
export function openAdvisoryDatabase(folder: string | readonly string[], options: OpenOptions = {}): AdvisoryDatabase {
  const { accepts = () => true } = options
  const files = [folder].flat().flatMap(sourceFiles)
  if (files.length === 0) throw new UserError(`"${folder}" has no advisories. Import some first: bulkhead advisories import osv all.zip`)
  const opened: OpenSource[] = []
  try {
    for (const file of files) {
      const source = openSource(file)
      if (accepts(source.state)) opened.push(source)
      else source.db.close()
    }
    return new SqliteDatabases(opened, options)
  } catch (err) {
    for (const { db } of opened) db.close()
    throw err
  }
}

/** What has been imported, by name. */
export const readSources = (folder: string | readonly string[]): readonly SourceState[] =>
  [folder].flat().flatMap(each => sourceFiles(each).flatMap(path => readSourceState(path) ?? []))

/** undefined if there is no such file. */
export function readSourceState(path: string): SourceState | undefined {
  if (!existsSync(path)) return undefined
  const source = openSource(path)
  source.db.close()
  return source.state
}

function sourceFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => name.endsWith('.db') && !name.startsWith('.'))
      .toSorted()
      .map(name => join(folder, name))
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return []
    throw cannotRead(folder, err)
  }
}

interface OpenSource {
  readonly db: DatabaseSync
  readonly state: SourceState
}

function openSource(path: string): OpenSource {
  let db: DatabaseSync | undefined
  try {
    db = openSqlite(path, true)
    db.exec(`PRAGMA trusted_schema = OFF; PRAGMA query_only = ON; PRAGMA cache_size = -${pageCacheKib};`)
    const meta = new Map(
      db
        .prepare('SELECT key, value FROM meta')
        .all()
        .map(row => [String(row['key']), String(row['value'])]),
    )
    if (meta.get('format') !== fileFormat) throw new UserError(`its format is ${meta.get('format') ?? 'unknown'}, ${fileFormat} is read`)
    return { db, state: readState(parseJson(meta.get('state') ?? ''), basename(path, '.db')) }
  } catch (err) {
    db?.close()
    throw new UserError(`"${path}" is no file of imported advisories: ${messageOf(err)}. Import the source again`, { cause: err })
  }
}

function readState(value: unknown, name: string): SourceState {
  const state = objectAt(value, 'state')
  const key = optionalTextAt(state['key'], 'state.key')
  const count = (field: string) => numberAt(state[field], `state.${field}`, 0, Number.MAX_SAFE_INTEGER)
  return {
    name,
    format: textAt(state['format'], 'state.format'),
    time: count('time'),
    importedAt: count('importedAt'),
    digest: textAt(state['digest'], 'state.digest'),
    entries: count('entries'),
    ...(key !== undefined && { key }),
  }
}

interface Statements {
  readonly name: string
  readonly db: DatabaseSync
  /** Those that it has advisories of. */
  readonly ecosystems: ReadonlySet<string>
  readonly advisories: StatementSync
  readonly probability: StatementSync
  readonly exploited: StatementSync
}

class SqliteDatabases implements AdvisoryDatabase {
  readonly sources: readonly SourceState[]
  readonly #open: readonly Statements[]
  /** Those with EPSS, and those with KEV. */
  readonly #rated: readonly Statements[]
  readonly #listed: readonly Statements[]
  readonly #cache: RecentCache<readonly StoredAdvisory[]>
  /** By their text: advisories of packages that are released together have the same. */
  readonly #ranges = new RecentCache<StoredAdvisory['ranges']>(maxCachedRanges)
  /** Those with statements of VEX; a file of an earlier version has no table for them. */
  readonly #explained: readonly DatabaseSync[]
  readonly #statements = new RecentCache<readonly VexStatement[]>(maxCachedStatements)

  constructor(open: readonly OpenSource[], { cached = maxCachedAdvisories, withoutSummaries }: OpenOptions) {
    this.#cache = new RecentCache(cached)
    const summary = withoutSummaries === true ? 'NULL AS summary' : 'a.summary'
    this.sources = open.map(({ state }) => state)
    this.#open = open.map(({ db, state }) => ({
      name: state.name,
      db,
      ecosystems: new Set(
        db
          .prepare('SELECT name FROM ecosystem')
          .all()
          .map(row => String(row['name'])),
      ),
      advisories: db.prepare(
        `SELECT a.name, a.severity, a.score, a.cves, ${summary}, f.ranges, f.versions FROM affected f JOIN advisory a ON a.id = f.advisory WHERE f.ecosystem = ? AND f.name = ?`,
      ),
      probability: db.prepare('SELECT value FROM probability WHERE cve = ?'),
      exploited: db.prepare('SELECT 1 FROM exploited WHERE cve = ?'),
    }))
    const having = (rows: 'probability' | 'exploited') =>
      this.#open.filter(({ db }) => db.prepare(`SELECT 1 FROM ${rows} LIMIT 1`).get() !== undefined)
    this.#rated = having('probability')
    this.#listed = having('exploited')
    const hasTable = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'statement'"
    this.#explained = open.flatMap(({ db }) =>
      db.prepare(hasTable).get() !== undefined && db.prepare('SELECT 1 FROM statement LIMIT 1').get() !== undefined ? [db] : [],
    )
  }

  advisoriesOf(ecosystem: string, name: string): readonly StoredAdvisory[] {
    const key = `${ecosystem} ${name}`
    const cached = this.#cache.get(key)
    if (cached !== undefined) return cached
    const sources = this.#open.filter(({ ecosystems }) => ecosystems.has(ecosystem))
    const found = sources.flatMap(source =>
      source.advisories.all(ecosystem, name).map(row => storedAdvisory(row, source.name, this.#ranges)),
    )
    // An empty answer takes memory too.
    this.#cache.set(key, found, 1 + found.length)
    return found
  }

  exploitProbability(cve: string): number | undefined {
    const found = this.#rated.map(({ probability }) => probability.get(cve)?.['value']).filter(value => typeof value === 'number')
    return found.length === 0 ? undefined : Math.max(...found)
  }

  get hasStatements(): boolean {
    return this.#explained.length > 0
  }

  statementsOf(vulnerability: string): readonly VexStatement[] {
    if (this.#explained.length === 0) return noStatements
    const known = this.#statements.get(vulnerability)
    if (known !== undefined) return known
    const found = this.#explained.flatMap(db =>
      db
        .prepare('SELECT content FROM statement WHERE vulnerability = ? ORDER BY number')
        .all(vulnerability)
        .map(row => storedStatement(String(row['content']))),
    )
    this.#statements.set(vulnerability, found, 1 + found.length)
    return found
  }

  isExploited(cve: string): boolean {
    return this.#listed.some(({ exploited }) => exploited.get(cve) !== undefined)
  }

  [Symbol.dispose](): void {
    for (const { db } of this.#open) db.close()
  }
}

const noStatements: readonly VexStatement[] = []
const maxCachedStatements = 20_000
const maxCachedRanges = 4000

function storedStatement(text: string): VexStatement {
  const statement = objectAt(parseJson(text), 'statement')
  const justification = optionalTextAt(statement['justification'], 'statement.justification')
  return {
    vulnerabilities: textsAt(statement['vulnerabilities'], 'statement.vulnerabilities'),
    status: vexStatusAt(statement['status'], 'statement.status'),
    ...(justification !== undefined && { justification }),
    products: listAt(statement['products'], 'statement.products').map(item => {
      const product = objectAt(item, 'statement.products')
      return { id: textAt(product['id'], 'statement.products.id'), parts: textsAt(product['parts'], 'statement.products.parts') }
    }),
    time: numberAt(statement['time'], 'statement.time', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    origin: textAt(statement['origin'], 'statement.origin'),
  }
}

const kinds: readonly string[] = ['introduced', 'fixed', 'lastAffected', 'limit']
const isEvent = (value: unknown): value is RangeEvent =>
  Array.isArray(value) && value.length === 2 && kinds.includes(String(value[0])) && typeof value[1] === 'string'
const isSeverity = (text: string): text is Severity => severities.some(severity => severity === text)

/** Nearly every range has it: one object for all of them saves memory. */
const start: RangeEvent = ['introduced', '0']
const shared = (event: RangeEvent): RangeEvent => (event[0] === 'introduced' && event[1] === '0' ? start : event)
const noVersions: readonly string[] = []

function rangesOf(text: string, known: RecentCache<StoredAdvisory['ranges']>): StoredAdvisory['ranges'] {
  const before = known.get(text)
  if (before !== undefined) return before
  const ranges = listAt(parseJson(text), 'ranges').map(range => listAt(range, 'ranges').filter(isEvent).map(shared))
  known.set(text, ranges, 1)
  return ranges
}

function storedAdvisory(
  row: Readonly<Record<string, unknown>>,
  source: string,
  known: RecentCache<StoredAdvisory['ranges']>,
): StoredAdvisory {
  const versionsText = String(row['versions'])
  const ranges = rangesOf(String(row['ranges']), known)
  const versions = versionsText === '[]' ? noVersions : textsAt(parseJson(versionsText), 'versions')
  const [severity, score, summary, cves] = [String(row['severity']), row['score'], row['summary'], String(row['cves'])]
  return {
    id: String(row['name']),
    source,
    severity: isSeverity(severity) ? severity : 'unknown',
    ...(typeof score === 'number' && { score }),
    ...(typeof summary === 'string' && { summary }),
    cves: cves === '' ? [] : cves.split(' '),
    ranges,
    versions,
  }
}
