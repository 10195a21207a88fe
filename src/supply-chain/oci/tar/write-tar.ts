// Writes ustar archives: the subset that image layers and OCI archives need.

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

/** The header of an entry whose content of `size` bytes follows, and then `tarPadding(size)`. At most 8 GiB. */
export const tarHeader = (entry: Omit<TarEntry, 'content'>, size: number): Buffer => {
  if (size >= 8 ** 11) throw new RangeError(`Cannot put "${entry.path}" in an archive: it has ${size} bytes, at most ${8 ** 11 - 1}`)
  return header(entry, size)
}

export const tarPadding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block)

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
