// The links of a chain of backups: what the signer signs, and what a backup consists of. Described for other programs in docs/backup-format.md.
import { isJsonObject, isTexts, parseJson } from '../json.ts'
import { writeJson } from '../write-json.ts'

export const linkFormat = 'bulkhead-backup/v1'
/** The type of the signed payload in its DSSE envelope. */
export const linkPayloadType = 'application/vnd.bulkhead.backup+json'
/** In base64 it fits into a frame of the signer's protocol. */
export const maxLinkBytes = 720 * 1024

/** Refers to a pack; see `sealPack`. */
export interface LinkPack {
  readonly pack: string
  readonly bytes: number
}

/** A file that was copied as it was, in pieces. */
export interface LinkFile {
  readonly name: string
  readonly bytes: number
  readonly packs: readonly LinkPack[]
}

/** A backup that the target must still hold. */
export interface KeptBackup {
  readonly number: number
  /** SHA-256 of the file of its link in hexadecimal. */
  readonly digest: string
  /** The backup with its objects; its own number if it is a full one. */
  readonly base: number
}

/** Of the newest link of these kinds, so that each file of the target has to be there or may be gone. */
export interface Kept {
  readonly kept: readonly KeptBackup[]
  /** Every link after this number is there. */
  readonly changesAfter: number
}

/** The store at a revision. A full backup has all objects; another one is its base with the changes until its revision. */
export interface BackupContent extends Kept {
  readonly kind: 'backup'
  readonly revision: number
  readonly objects: number
  readonly base: number
  readonly chunks: readonly LinkPack[]
  /** Over the digests of all objects in their order, as the API server had them; of a full backup. */
  readonly digest?: string
  readonly audit: readonly LinkFile[]
  /** The private keys of the signer, which only the recipients can open. */
  readonly keys?: LinkPack
}

/** Changes of the store after one revision and up to another. */
export interface ChangesContent {
  readonly kind: 'changes'
  readonly after: number
  readonly revision: number
  /** Number of objects at `revision`; 0 if it was not known. */
  readonly objects: number
  readonly pack: LinkPack
}

export interface PruneContent extends Kept {
  readonly kind: 'prune'
}

export interface Link {
  readonly format: typeof linkFormat
  /** Name of the target: a link of one target is none of another. */
  readonly target: string
  /** SHA-256 of the certificate of the cluster's serving authority. */
  readonly cluster: string
  /** Counted from 1 without gaps. */
  readonly number: number
  /** SHA-256 of the file of the link before in hexadecimal; empty for the first. */
  readonly previous: string
  /** RFC 3339, UTC. */
  readonly time: string
  readonly recipients: readonly string[]
  readonly content: BackupContent | ChangesContent | PruneContent
}

const maxList = 100_000
const digestForm = /^[0-9a-f]{64}$/
const targetForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

type Fields = Readonly<Record<string, unknown>>

/** Throws an Error that names the first wrong field. */
export function parseLink(payload: Buffer): Link {
  if (payload.length > maxLinkBytes) throw new Error(`a link has at most ${maxLinkBytes} bytes, not ${payload.length}`)
  const value = parseJson(payload.toString('utf8'))
  if (!isJsonObject(value)) throw new Error('a link is not a JSON object')
  const { format, target, recipients, previous, content } = value
  if (format !== linkFormat) throw new Error(`the format is not ${linkFormat}`)
  if (typeof target !== 'string' || !targetForm.test(target)) throw new Error('"target" is not the name of a target')
  if (!isTexts(recipients) || recipients.length === 0) throw new Error('"recipients" is empty')
  if (previous !== '' && !isDigest(previous)) throw new Error('"previous" is not a digest')
  if (!isJsonObject(content)) throw new Error('"content" is missing')
  const number = count(value, 'number')
  if (number < 1 || (number === 1) !== (previous === '')) throw new Error('only link 1 has none before it')
  return {
    ...{ format: linkFormat, target, cluster: digest(value, 'cluster'), number, previous: String(previous), time: time(value) },
    ...{ recipients, content: parseContent(content) },
  }
}

export const formatLink = (link: Link): Buffer => Buffer.from(writeJson(link))

function parseContent(content: Fields): Link['content'] {
  switch (content['kind']) {
    case 'changes': {
      const [after, revision] = [count(content, 'after'), count(content, 'revision')]
      if (revision <= after) throw new Error('"revision" is not after "after"')
      return { kind: 'changes', after, revision, objects: count(content, 'objects'), pack: pack(content['pack']) }
    }
    case 'prune':
      return { kind: 'prune', ...kept(content) }
    case 'backup':
      return {
        ...{ kind: 'backup', revision: count(content, 'revision'), objects: count(content, 'objects'), base: count(content, 'base') },
        chunks: list(content, 'chunks').map(pack),
        ...(content['digest'] === undefined ? {} : { digest: digest(content, 'digest') }),
        audit: list(content, 'audit').map(file),
        ...(content['keys'] === undefined ? {} : { keys: pack(content['keys']) }),
        ...kept(content),
      }
    default:
      throw new Error('"kind" is not backup, changes or prune')
  }
}

const kept = (content: Fields): Kept => ({
  kept: list(content, 'kept').map(entry => {
    const fields = object(entry)
    return { number: count(fields, 'number'), digest: digest(fields, 'digest'), base: count(fields, 'base') }
  }),
  changesAfter: count(content, 'changesAfter'),
})

function pack(value: unknown): LinkPack {
  const fields = object(value)
  return { pack: digest(fields, 'pack'), bytes: count(fields, 'bytes') }
}

function file(value: unknown): LinkFile {
  const fields = object(value)
  const name = fields['name']
  if (typeof name !== 'string' || !/^[\w-][\w.-]*(?:\/[\w-][\w.-]*){0,5}$/.test(name) || name.length > 512)
    throw new Error('a file has no name')
  return { name, bytes: count(fields, 'bytes'), packs: list(fields, 'packs').map(pack) }
}

function object(value: unknown): Fields {
  if (!isJsonObject(value)) throw new Error('an entry is not an object')
  return value
}

function list(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name]
  if (!Array.isArray(value) || value.length > maxList) throw new Error(`"${name}" is not a list of at most ${maxList} entries`)
  return value
}

function count(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new Error(`"${name}" is not a number`)
  return value
}

const isDigest = (value: unknown): value is string => typeof value === 'string' && digestForm.test(value)

function digest(fields: Fields, name: string): string {
  const value = fields[name]
  if (!isDigest(value)) throw new Error(`"${name}" is not a SHA-256 in hexadecimal`)
  return value
}

function time(fields: Fields): string {
  const value = fields['time']
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(value)) throw new Error('"time" is not a time')
  return value
}
