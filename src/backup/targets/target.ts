// Where backups are stored: named files with whole contents. Every kind of target passes the same contract suite.

/** Names are of letters, digits, `-`, `.`, with one `/`. Each function rejects with a `BackupFault` of kind `target` that says what the target did. */
export interface Target extends AsyncDisposable {
  /** For messages: where it is, without credentials. */
  readonly place: string
  /** Stores a file as a whole or not at all. An existing one with this content stays; one with another content is a fault, and stays too. */
  put(name: string, content: Buffer, signal: AbortSignal): Promise<void>
  /** Undefined if there is none. A file of more than `maxBytes` is a fault. */
  get(name: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined>
  /** The names of the files in a folder, sorted. A folder that does not exist is empty. */
  list(folder: string, signal: AbortSignal): Promise<string[]>
  /** A missing file is removed already. */
  remove(name: string, signal: AbortSignal): Promise<void>
}

export const linksFolder = 'links'
export const packsFolder = 'packs'
export const reportsFolder = 'reports'

export const linkName = (number: number): string => `${linksFolder}/${String(number).padStart(12, '0')}.json`
export const packName = (pack: string): string => `${packsFolder}/${pack}.age`
export const reportName = (number: number): string => `${reportsFolder}/${String(number).padStart(12, '0')}.json`

const linkFileForm = /^links\/(\d{12})\.json$/

/** Undefined for another file. */
export function numberOfLink(name: string): number | undefined {
  const [, digits] = linkFileForm.exec(name) ?? []
  return digits === undefined ? undefined : Number(digits)
}

const nameForm = /^(?:links|packs|reports)\/[A-Za-z0-9][A-Za-z0-9.-]{0,127}$/

/** Throws for a name that this product does not use: it could lead out of the folder. */
export function requireName(name: string): void {
  if (!nameForm.test(name)) throw new RangeError(`"${name}" is no name of a file of a backup`)
}
