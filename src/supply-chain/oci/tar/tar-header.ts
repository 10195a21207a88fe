// Headers of tar archives: ustar (POSIX.1-1988), PAX (POSIX.1-2001) and GNU's long names, as containerd's reader of layers takes them.

export const tarBlock = 512

/** Limit of an extended header; no image needs more. */
export const maxExtensionLength = 64 * 1024

export type TarType = 'file' | 'hard-link' | 'symbolic-link' | 'directory' | 'other'

export interface TarHead {
  /** As the archive writes it: a reader normalizes it. */
  readonly path: string
  readonly type: TarType
  /** Permission bits. */
  readonly mode: number
  /** Bytes of content that follow. */
  readonly size: number
  /** The target of a link. */
  readonly linkTo: string
  /** Its content has holes, which only GNU tar fills: what follows is not the file. */
  readonly isSparse: boolean
}

/** A header as its block has it, and what is not an entry of its own: `x`, `g`, `L` and `K` describe the next one. */
export interface RawHead extends TarHead {
  /** The letter of the type. */
  readonly letter: string
  /** GNU's sparse map goes on in the next block. */
  readonly hasMoreMap: boolean
}

const types: Readonly<Record<string, TarType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hard-link',
  '2': 'symbolic-link',
  '5': 'directory',
}

/** Undefined for a block of zeros, which ends an archive. Throws if it is no header. */
export function readTarHeader(block: Buffer): RawHead | undefined {
  if (block.length < tarBlock) throw new Error('it is not a tar archive')
  if (block[0] === 0 && isZero(block)) return undefined
  if (!hasChecksum(block)) throw new Error('it is not a tar archive')
  const magic = block.toString('latin1', 257, 265)
  const isPosix = magic.startsWith('ustar\0')
  const letter = block.toString('latin1', 156, 157)
  const prefix = isPosix ? text(block, 345, 500) : ''
  const name = text(block, 0, 100)
  const path = prefix === '' ? name : `${prefix}/${name}`
  const type = types[letter] ?? 'other'
  // Links and directories have no content, whatever their size field says (POSIX.1-2001, pax).
  const size = type === 'file' || type === 'other' ? number(block, 124, 12) : 0
  const isSparse = letter === 'S'
  return {
    path,
    // Archives before ustar mark a folder by its last character.
    type: type === 'file' && path.endsWith('/') ? 'directory' : type,
    mode: number(block, 100, 8) & 0o7777,
    size,
    linkTo: text(block, 157, 257),
    isSparse,
    letter,
    hasMoreMap: isSparse && block[482] === 1,
  }
}

function isZero(block: Buffer): boolean {
  for (let at = 0; at < tarBlock; at++) if (block[at] !== 0) return false
  return true
}

/** The sum of all bytes, with its own field as spaces: octal digits, whatever ends them. */
function hasChecksum(block: Buffer): boolean {
  let sum = 8 * 32
  for (let at = 0; at < tarBlock; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0
  return sum === Number.parseInt(block.toString('latin1', 148, 156).trim(), 8)
}

function text(block: Buffer, from: number, to: number): string {
  const end = block.indexOf(0, from)
  return block.toString('utf8', from, end === -1 || end > to ? to : end)
}

/** Octal digits, or GNU's binary form, whose first byte is 0x80. */
function number(block: Buffer, at: number, width: number): number {
  if (block[at] === 0x80) {
    if (block.readUIntBE(at + 1, width - 7) !== 0) throw new Error('it has an entry with a malformed number')
    return block.readUIntBE(at + width - 6, 6)
  }
  const digits = block
    .toString('latin1', at, at + width)
    .split('\0', 1)[0]
    ?.trim()
  if (digits === undefined || !/^[0-7]*$/.test(digits)) throw new Error('it has an entry with a malformed number')
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}
