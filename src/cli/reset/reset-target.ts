// Whether a path is a data directory that `bulkhead reset` may remove. The decision is pure; the facts are read without following links.
import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { codeOf, UserError } from '../../base/user-error.ts'
import { type DataDirectory, dataVersion, resettingVersion } from '../up/data-directory.ts'

export interface EntryFacts {
  readonly name: string
  readonly kind: 'folder' | 'link' | 'other'
}

export interface TargetFacts {
  readonly path: string
  readonly home: string
  /** Of the user who runs the command. */
  readonly userId: number
  readonly kind: 'missing' | 'folder' | 'link' | 'other'
  readonly owner: number
  readonly mode: number
  /** Undefined without the file. */
  readonly version: string | undefined
  readonly entries: readonly EntryFacts[]
}

/** A version file is a few bytes; a larger file of that name is something else. */
const maxVersionBytes = 64
/** A data directory has about twenty entries; a folder with more than this is none, and is not listed further. */
export const maxEntries = 1000

/** Names that Bulkhead makes in a data directory. Everything else in it is kept. Pure. */
export function ownNames(directory: DataDirectory): readonly string[] {
  const paths = Object.values(directory).flatMap(value => (typeof value === 'string' ? [value] : Object.values(value)))
  const names = paths
    .filter((path): path is string => typeof path === 'string' && path.startsWith(`${directory.path}/`))
    .map(path => path.slice(directory.path.length + 1).split('/')[0] ?? '')
  // `lib` has the copy of the code, `admin.pem` the administrator's key, and a draft is what a kill left of a file.
  const all = new Set([...names, 'admin.pem', 'lib', 'version'])
  return [...all, ...[...all].map(name => `${name}.new`)]
}

/** What keeps `reset` from starting; undefined if nothing does. Pure. */
export function refusal(facts: TargetFacts, own: readonly string[]): string | undefined {
  const { path, home, userId, kind, owner, mode, version, entries } = facts
  const refused = (why: string): string => `Cannot reset "${path}": ${why}`
  if (path === '/' || path === home || home.startsWith(`${path}/`)) return refused('it is the root or a home folder, no data directory')
  if (kind === 'missing') return refused('it does not exist. Name the data directory with --data-dir')
  if (kind === 'link') return refused('it is a link, and reset follows no links. Name the folder that it leads to')
  if (kind === 'other') return refused('it is not a folder')
  if (version === undefined)
    return refused('it is no Bulkhead data directory: the file "version" is missing. Name the one that was given to "bulkhead up"')
  if (version !== dataVersion && version !== resettingVersion)
    return refused(
      `it has data version "${version.slice(0, 20)}", and this Bulkhead knows version ${dataVersion}: use the Bulkhead that wrote it`,
    )
  if (owner !== userId) return refused(`it belongs to user ${owner}: run this command as that user${owner === 0 ? ', with sudo' : ''}`)
  if ((mode & 0o022) !== 0) return refused(`other users may write there: look at what is in it, then "chmod go-w ${path}"`)
  if (entries.length >= maxEntries) return refused(`it has ${maxEntries} entries or more, so it is no Bulkhead data directory`)
  const link = entries.find(entry => entry.kind === 'link' && own.includes(entry.name))
  if (link !== undefined)
    return refused(`"${join(path, link.name)}" is a link, and reset follows no links: remove yourself what it leads to, then the link`)
  return undefined
}

/** An empty folder is what a reset leaves that was killed just before its last step. */
export const isEmpty = ({ kind, entries }: TargetFacts): boolean => kind === 'folder' && entries.length === 0

export function readTarget(path: string, home: string, userId: number): TargetFacts {
  const stats = statsOf(path)
  const kind = stats === undefined ? 'missing' : kindOf(stats)
  const isFolder = kind === 'folder'
  return {
    ...{ path, home, userId, kind },
    owner: stats?.uid ?? -1,
    mode: (stats?.mode ?? 0) & 0o7777,
    version: isFolder ? readVersion(join(path, 'version')) : undefined,
    entries: isFolder ? readEntries(path) : [],
  }
}

function readEntries(path: string): EntryFacts[] {
  return readdirSync(path)
    .slice(0, maxEntries)
    .flatMap(name => {
      const stats = statsOf(join(path, name))
      return stats === undefined ? [] : [{ name, kind: kindOf(stats) }]
    })
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (err) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(err))) return undefined
    if (codeOf(err) === 'EACCES') throw new UserError(`Cannot look at "${path}": this user may not read "${dirname(path)}"`, { cause: err })
    throw err
  }
}

const kindOf = (stats: Stats): 'folder' | 'link' | 'other' => (stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : 'other')

/** Undefined for what is no small file. */
function readVersion(path: string): string | undefined {
  const stats = statsOf(path)
  if (stats === undefined || !stats.isFile() || stats.size > maxVersionBytes) return undefined
  return readFileSync(path, 'utf8').replaceAll('\0', '').trim() || undefined
}
