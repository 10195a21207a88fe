// Writes and lists ustar archives: the subset that image layers and OCI archives need.

export interface TarEntry {
  /** Relative path without a leading slash; a directory's path ends with one. */
  readonly path: string
  /** Permission bits. */
  readonly mode: number
  readonly content?: Buffer
  /** Makes the entry a symbolic link. */
  readonly linkTo?: string
  /** Another type of entry: the letter in the header. */
  readonly type?: string
}

const block = 512

/** The archive's bytes. Equal entries give equal bytes: owner root, time zero. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = []
  for (const entry of entries) {
    const content = entry.content ?? Buffer.alloc(0)
    parts.push(header(entry, content.length), content)
    const rest = content.length % block
    if (rest !== 0) parts.push(Buffer.alloc(block - rest))
  }
  parts.push(Buffer.alloc(2 * block))
  return Buffer.concat(parts)
}

function header({ path, mode, linkTo, type }: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new RangeError(`Cannot put "${path}" in an archive: the path is longer than 100 bytes`)
  const bytes = Buffer.alloc(block)
  bytes.write(path, 0)
  octal(bytes, mode, 100, 8)
  octal(bytes, 0, 108, 8)
  octal(bytes, 0, 116, 8)
  octal(bytes, size, 124, 12)
  octal(bytes, 0, 136, 12)
  bytes.write(type ?? (linkTo !== undefined ? '2' : path.endsWith('/') ? '5' : '0'), 156)
  if (linkTo !== undefined) bytes.write(linkTo, 157)
  bytes.write('ustar\u000000', 257)
  bytes.fill(' ', 148, 156)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148)
  return bytes
}

function octal(bytes: Buffer, value: number, at: number, width: number): void {
  bytes.write(`${value.toString(8).padStart(width - 1, '0')}\u0000`, at)
}

/** Limit of an extended header; no image needs more. */
const maxExtensionLength = 64 * 1024

/**
 * Name and size of each entry of the archive, read through `read`, which returns fewer bytes only at the end. A name in an extended header
 * (PAX, GNU) applies, as it does when the archive is unpacked. Rejects if it is not a tar archive.
 */
export async function* listTar(
  read: (offset: number, length: number) => Promise<Buffer>,
): AsyncGenerator<{ path: string; offset: number; size: number }> {
  let offset = 0
  let longName: string | undefined
  for (;;) {
    const head = await read(offset, block)
    if (head.length === 0 || head.every(byte => byte === 0)) return
    if (head.length < block || head.toString('latin1', 257, 262) !== 'ustar') throw new Error('it is not a tar archive')
    const field = (from: number, to: number) => head.toString('utf8', from, to).split('\u0000')[0] ?? ''
    const size = Number.parseInt(field(124, 136).trim(), 8)
    if (!Number.isSafeInteger(size) || size < 0) throw new Error('it has an entry with a malformed size')
    const kind = head.toString('latin1', 156, 157)
    const content = offset + block
    offset = content + Math.ceil(size / block) * block
    if (kind === 'x' || kind === 'g' || kind === 'L') {
      if (size > maxExtensionLength) throw new Error('it has an extended header that is too long')
      const text = (await read(content, size)).toString('utf8')
      const said = kind === 'L' ? { path: text.split('\u0000')[0] ?? '' } : paxRecords(text)
      if (said.size !== undefined) throw new Error('it has an entry larger than a tar header can express')
      if (kind === 'g' && said.path !== undefined) throw new Error('all its entries have one name')
      longName = said.path ?? longName
      continue
    }
    const prefix = field(345, 500)
    yield { path: longName ?? (prefix === '' ? '' : `${prefix}/`) + field(0, 100), offset: content, size }
    longName = undefined
  }
}

/** Records of PAX: length, space, name, `=`, value, line break. */
function paxRecords(text: string): { path?: string; size?: string } {
  const bytes = Buffer.from(text)
  const said: { path?: string; size?: string } = {}
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at)
    const length = Number(bytes.toString('latin1', at, space))
    if (space < 0 || !Number.isSafeInteger(length) || length <= space - at || at + length > bytes.length)
      throw new Error('it has a malformed extended header')
    const [, name = '', value = ''] = /^([^=]*)=(.*)\n$/s.exec(bytes.toString('utf8', space + 1, at + length)) ?? []
    if (name === 'path') said.path = value
    if (name === 'size') said.size = value
    at += length
  }
  return said
}
