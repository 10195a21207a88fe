// Reads files of a repository that may be hostile: only regular files, up to a limit, and never one that blocks until a writer comes.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { cannotRead, UserError } from '../../base/user-error.ts'

/** Limit for a manifest, and for the output of kustomize. */
export const maxFileBytes = 32 * 1024 * 1024

export interface RegularFileOptions {
  readonly maxBytes: number
  /** Links are followed only if a person named the path. Default: false. */
  readonly followLinks?: boolean
}

/** With O_NONBLOCK, opening a FIFO does not block. Windows has neither flag, and no FIFOs in folders. */
const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants as Partial<typeof constants> & { O_RDONLY: number }

/** Returns the text. Throws a `UserError` with the path if the file is not regular, is larger than `maxBytes`, or cannot be read. */
export function readRegularFile(path: string, { maxBytes, followLinks = false }: RegularFileOptions): string {
  const file = onDisk(path, () => openSync(path, O_RDONLY | O_NONBLOCK | (followLinks ? 0 : O_NOFOLLOW)))
  try {
    return onDisk(path, () => readOpened(file, path, maxBytes))
  } finally {
    closeSync(file)
  }
}

function readOpened(file: number, path: string, maxBytes: number): string {
  const stat = fstatSync(file)
  if (!stat.isFile()) throw new UserError(`Cannot read "${path}": it is not a regular file`)
  if (stat.size > maxBytes) throw new UserError(`"${path}" has ${stat.size} bytes, the limit is ${maxBytes}`)
  // Files of /proc report size 0 but have content, so the bytes read are counted.
  const content = Buffer.alloc(Math.max(stat.size, 4096) + 1)
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const read = readSync(file, content)
    if (read === 0) return Buffer.concat(chunks).toString('utf8')
    total += read
    if (total > maxBytes) throw new UserError(`"${path}" has more than ${maxBytes} bytes`)
    chunks.push(Buffer.from(content.subarray(0, read)))
  }
}

function onDisk<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (err) {
    throw err instanceof UserError ? err : cannotRead(path, err)
  }
}
