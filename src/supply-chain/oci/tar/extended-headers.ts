// What extended headers (PAX `x` and `g`, GNU `L` and `K`) add to the header that follows them.
import { maxExtensionLength, type RawHead, type TarHead } from './tar-header.ts'

/** Headers with these letters describe another entry. */
export const isExtension = (letter: string): boolean => letter === 'x' || letter === 'g' || letter === 'L' || letter === 'K'

interface Added {
  readonly path?: string
  readonly linkTo?: string
  readonly size?: number
  readonly isSparse?: boolean
}

/** Collects extended headers until the entry that they are for. */
export class ExtendedHeaders {
  #added: Added = {}

  /** Throws if the extension is malformed or names all entries. */
  add(letter: string, content: Buffer): void {
    if (letter === 'L') this.#added = { ...this.#added, path: untilZero(content) }
    else if (letter === 'K') this.#added = { ...this.#added, linkTo: untilZero(content) }
    else {
      const said = paxRecords(content)
      if (letter === 'x') this.#added = { ...this.#added, ...said }
      else if (said.path !== undefined || said.linkTo !== undefined || said.size !== undefined)
        throw new Error('all its entries have one name or size')
    }
  }

  /** The entry with all that was collected, which is then forgotten. */
  apply(head: RawHead): TarHead {
    const added = this.#added
    this.#added = {}
    const { path, type, mode, linkTo } = head
    return {
      path: added.path ?? path,
      type: type === 'file' && added.path?.endsWith('/') ? 'directory' : type,
      mode,
      size: type === 'file' ? (added.size ?? head.size) : head.size,
      linkTo: added.linkTo ?? linkTo,
      isSparse: head.isSparse || added.isSparse === true,
    }
  }
}

/** Throws before the extension is read. */
export function limitExtension(size: number): void {
  if (size > maxExtensionLength) throw new Error('it has an extended header that is too long')
}

const untilZero = (content: Buffer): string => content.toString('utf8').split('\0', 1)[0] ?? ''

/** Records of PAX: length, space, name, `=`, value, line break. */
function paxRecords(bytes: Buffer): Added {
  let added: Added = {}
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at)
    const length = space < 0 || space - at > 8 ? 0 : Number(bytes.toString('latin1', at, space))
    const end = at + length
    if (!Number.isSafeInteger(length) || length <= space - at || end > bytes.length || bytes[end - 1] !== 0x0a)
      throw new Error('it has a malformed extended header')
    const equals = bytes.indexOf('=', space)
    if (equals < 0 || equals >= end) throw new Error('it has a malformed extended header')
    const name = bytes.toString('utf8', space + 1, equals)
    const value = bytes.toString('utf8', equals + 1, end - 1)
    if (name === 'path') added = { ...added, path: value }
    else if (name === 'linkpath') added = { ...added, linkTo: value }
    else if (name === 'size') added = { ...added, size: sizeOf(value) }
    else if (name.startsWith('GNU.sparse.')) added = { ...added, isSparse: true, ...(name === 'GNU.sparse.name' ? { path: value } : {}) }
    at = end
  }
  return added
}

function sizeOf(value: string): number {
  const size = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(size)) throw new Error('it has a malformed extended header')
  return size
}
