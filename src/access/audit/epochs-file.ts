// The certificates of all epochs, beside the log: they stay when the files with their records leave.
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { codeOf } from '../../base/user-error.ts'
import { epochLine, parseEpochLine } from './log-record.ts'

export const epochsFileName = 'epochs'
export const epochsPath = (directory: string): string => join(directory, epochsFileName)
/** An epoch per hour for a century. */
const maxEpochsBytes = 512 << 20

export interface LoggedEpoch {
  readonly epoch: number
  readonly certificate: string
}

/** In their order; `problems` names lines that are no record of an epoch. */
export async function readEpochs(
  directory: string,
): Promise<{ readonly epochs: readonly LoggedEpoch[]; readonly problems: readonly string[] }> {
  const path = epochsPath(directory)
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return { epochs: [], problems: [] }
    throw err
  }
  if (bytes.length > maxEpochsBytes) return { epochs: [], problems: [`${epochsFileName} has more than ${maxEpochsBytes} bytes`] }
  const lines = bytes.toString('utf8').split('\n')
  // A crash may have cut the last line: it is written again.
  lines.pop()
  const epochs = lines.flatMap(line => parseEpochLine(Buffer.from(`${line}\n`)) ?? [])
  const damaged = lines.length - epochs.length
  return { epochs, problems: damaged === 0 ? [] : [`${epochsFileName}: ${damaged} lines are no records of epochs`] }
}

/** Resolves when it is on disk. */
export async function appendEpoch(directory: string, { epoch, certificate }: LoggedEpoch): Promise<void> {
  const path = epochsPath(directory)
  const file = await open(path, 'a+', 0o600)
  try {
    const { size } = await file.stat()
    const last = Buffer.alloc(1)
    if (size > 0) await file.read(last, 0, 1, size - 1)
    // Ends a line that a crash cut.
    await file.write(`${size > 0 && last[0] !== 0x0a ? '\n' : ''}${epochLine(epoch, certificate)}`)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncToDisk(directory)
}
