// `bulkhead image`: imports and lists images of the containerd of the node on this machine.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { promisify } from 'node:util'
import { messageOf, UserError } from '../../base/user-error.ts'
import { checkArchive, type ImportProgress, importImage } from '../../node/images/import-image.ts'
import { nodeDirectory } from '../../node/machine/node-directory.ts'
import { findDataDirectory } from '../connection/find-cluster.ts'
import { printable } from '../terminal/printable.ts'
import type { ProgressLine } from '../terminal/progress-line.ts'

const run = promisify(execFile)
const limitMs = 300_000
const importMs = 1_800_000

export interface ImageFlags {
  readonly dataDir?: string
}

type Print = (text: string) => void

const gib = 1024 ** 3

/** `progress` receives the current step and its progress. */
export async function importArchive(
  { dataDir }: ImageFlags,
  file: string,
  isRoot: boolean,
  print: Print,
  progress: ProgressLine,
): Promise<void> {
  // The file is checked first, because its faults do not depend on the user or the node.
  await checkArchive(file).catch(asUserError)
  const socket = nodeSocket(dataDir, isRoot)
  const show = (each: ImportProgress): void => progress.show(stepText(basename(file), each), each.step === 'unpacking')
  const ticking = setInterval(() => progress.tick(), 1000)
  const names = await importImage(resolve(file), { socket, progress: show }, AbortSignal.timeout(importMs))
    .finally(() => {
      clearInterval(ticking)
      progress.end()
    })
    .catch(asUserError)
  if (names.length === 0) throw new UserError(`The archive "${file}" contains no image with a name`)
  for (const name of names) print(printable(`Imported ${name}`))
}

export function stepText(file: string, progress: ImportProgress): string {
  if (progress.step === 'unpacking') return printable(`Unpacking ${progress.name}`)
  const { bytes, total } = progress
  return printable(`Reading ${file}: ${Math.floor((bytes / Math.max(total, 1)) * 100)} % of ${(total / gib).toFixed(2)} GiB`)
}

/** One line each: name, size as containerd reports it, and digest. */
export async function listImages({ dataDir }: ImageFlags, isRoot: boolean, print: Print): Promise<void> {
  const socket = nodeSocket(dataDir, isRoot)
  const args = ['--address', socket, '--namespace', 'k8s.io', 'images', 'list']
  const { stdout } = await run('ctr', args, { signal: AbortSignal.timeout(limitMs) }).catch(err => {
    throw new UserError(`Cannot list the images: ${messageOf(err)}`, { cause: err })
  })
  for (const line of imageTable(stdout)) print(printable(line))
}

/** Parses `ctr images list` (REF TYPE DIGEST SIZE UNIT PLATFORMS LABELS), which lists an image under each of its names. */
export function imageTable(text: string): string[] {
  const rows = text
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(([name = '']) => name !== '' && !name.startsWith('sha256:'))
    .map(([name = '', , digest = '', size = '', unit = '']) => [name, `${size} ${unit}`, digest])
  const all = [['IMAGE', 'SIZE', 'DIGEST'], ...rows]
  const widths = [0, 1].map(column => Math.max(...all.map(row => row[column]?.length ?? 0)))
  return all.map(([name = '', size = '', digest = '']) => `${name.padEnd(widths[0] ?? 0)}  ${size.padEnd(widths[1] ?? 0)}  ${digest}`)
}

function nodeSocket(dataDir: string | undefined, isRoot: boolean): string {
  if (!isRoot) throw new UserError('Images of the node need root: run this command as root')
  const directory = findDataDirectory(dataDir)
  const { containerdSocket } = nodeDirectory(directory.node)
  if (!existsSync(containerdSocket))
    throw new UserError(
      `No node with containers runs in "${directory.path}": start one with "bulkhead up" as root, or name its directory with --data-dir`,
    )
  return containerdSocket
}

function asUserError(err: unknown): never {
  throw new UserError(messageOf(err), { cause: err })
}
