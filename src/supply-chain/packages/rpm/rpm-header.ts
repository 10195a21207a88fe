// Headers of rpm packages as its database holds them (rpm, docs/manual/format_header.md): an index of tags, then their data.
import { UserError } from '../../../base/user-error.ts'
import type { SoftwarePackage } from '../software-package.ts'

/** rpm's own limits are 64 Ki and 256 MiB; a package with 100,000 files has 10 MiB. */
export const maxTags = 65_536
export const maxHeaderBytes = 64 * 1024 * 1024
const maxStrings = 1_000_000

const entryBytes = 16
const preambleBytes = 8

const tag = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  license: 1014,
  arch: 1022,
  sourceRpm: 1044,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
}

interface TagEntry {
  readonly offset: number
  readonly count: number
}

export interface RpmHeader {
  readonly data: Buffer
  readonly tags: ReadonlyMap<number, TagEntry>
}

/** Throws a UserError if the index does not fit the bytes. */
export function readHeader(bytes: Buffer): RpmHeader {
  const [count, length] = bytes.length < preambleBytes ? [maxTags + 1, 0] : [bytes.readUInt32BE(0), bytes.readUInt32BE(4)]
  const start = preambleBytes + count * entryBytes
  if (count > maxTags || length > maxHeaderBytes || start + length > bytes.length)
    throw new UserError('It has a malformed header of a package')
  const tags = new Map<number, TagEntry>()
  for (let at = preambleBytes; at < start; at += entryBytes)
    tags.set(bytes.readUInt32BE(at), { offset: bytes.readInt32BE(at + 8), count: bytes.readUInt32BE(at + 12) })
  return { data: bytes.subarray(start, start + length), tags }
}

/** Undefined for the keys that rpm keeps as packages. */
export function packageOfHeader(header: RpmHeader, location: string): SoftwarePackage | undefined {
  const [name, version, release] = [tag.name, tag.version, tag.release].map(each => textOf(header, each))
  if (name === undefined || version === undefined || release === undefined)
    throw new UserError('It has a package without name, version and release')
  if (name === 'gpg-pubkey') return undefined
  const [architecture, license, sourceRpm] = [tag.arch, tag.license, tag.sourceRpm].map(each => textOf(header, each))
  const [epoch] = numbersOf(header, tag.epoch)
  const whole = `${epoch === undefined || epoch === 0 ? '' : `${epoch}:`}${version}-${release}`
  // `bash-5.1.8-6.el9.src.rpm`: the source package is built once for all.
  const [, sourceName, sourceVersion, sourceRelease] =
    /^(.{1,512})-([^-]{1,512})-([^-]{1,512})\.(?:no)?src\.rpm$/.exec(sourceRpm ?? '') ?? []
  const source = sourceName === undefined ? undefined : { name: sourceName, version: `${sourceVersion}-${sourceRelease}` }
  const isSame = source === undefined || (source.name === name && source.version === `${version}-${release}`)
  return {
    type: 'rpm',
    name,
    version: whole,
    ...(architecture === undefined ? {} : { architecture }),
    ...(isSame ? {} : { source }),
    ...(license === undefined ? {} : { licenses: [license] }),
    locations: [location],
  }
}

/** Without a leading slash. */
export function* filesOfHeader(header: RpmHeader): Generator<string> {
  const folders = [...textsOf(header, tag.dirNames)]
  const indexes = numbersOf(header, tag.dirIndexes)
  let at = 0
  for (const name of textsOf(header, tag.baseNames)) yield `${folders[indexes[at++] ?? -1] ?? ''}${name}`.replace(/^\//, '')
}

const textOf = (header: RpmHeader, wanted: number): string | undefined => textsOf(header, wanted).next().value ?? undefined

function* textsOf({ data, tags }: RpmHeader, wanted: number): Generator<string> {
  const entry = tags.get(wanted)
  if (entry === undefined || entry.offset < 0) return
  let at = entry.offset
  for (let index = 0; index < Math.min(entry.count, maxStrings); index++) {
    const end = data.indexOf(0, at)
    if (at >= data.length || end < 0) return
    yield data.toString('utf8', at, end)
    at = end + 1
  }
}

/** Of 32 bits. */
function numbersOf({ data, tags }: RpmHeader, wanted: number): number[] {
  const entry = tags.get(wanted)
  const numbers: number[] = []
  if (entry === undefined || entry.offset < 0) return numbers
  for (let index = 0; index < Math.min(entry.count, maxStrings) && entry.offset + index * 4 + 4 <= data.length; index++)
    numbers.push(data.readUInt32BE(entry.offset + index * 4))
  return numbers
}
