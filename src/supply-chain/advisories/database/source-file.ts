// The file of one source of advisories: SQLite, written once by an import, then only read.
import type { DatabaseSync } from 'node:sqlite'

/** A file of another format is refused; an import replaces it. */
export const fileFormat = '1'

export const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE ecosystem (name TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE advisory (id INTEGER PRIMARY KEY, name TEXT NOT NULL, severity TEXT NOT NULL, score REAL, cves TEXT NOT NULL, summary TEXT);
  CREATE TABLE affected (ecosystem TEXT NOT NULL, name TEXT NOT NULL, advisory INTEGER NOT NULL, number INTEGER NOT NULL, ranges TEXT NOT NULL, versions TEXT NOT NULL, PRIMARY KEY (ecosystem, name, advisory, number)) WITHOUT ROWID;
  CREATE TABLE probability (cve TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
  CREATE TABLE exploited (cve TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE statement (vulnerability TEXT NOT NULL, number INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (vulnerability, number)) WITHOUT ROWID;
`

/** Loaded only when a database is used: on Node 22 it prints a warning. */
export function openSqlite(path: string, readOnly: boolean): DatabaseSync {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  return new DatabaseSync(path, { readOnly })
}

/** What is known of a source. */
export interface SourceState {
  readonly name: string
  readonly format: string
  /** Of the content: when the source published it, else when the file was written. Milliseconds since 1970. */
  readonly time: number
  readonly importedAt: number
  /** SHA-256 of what was imported, in hex. */
  readonly digest: string
  /** `keyDigest()` of the key that signed it; unset if it was not verified. */
  readonly key?: string
  /** Advisories, rows of EPSS or KEV, or statements of VEX. */
  readonly entries: number
}
