// What checks may look at: files, disks, programs and the running cluster. Everything is read without following what a check did not name,
// within limits, and nothing is changed.
import { closeSync, constants, existsSync, lstatSync, openSync, readdirSync, readSync, statfsSync } from 'node:fs'
import { arch, release } from 'node:os'
import { codeOf } from '../../base/user-error.ts'
import { runProgram } from '../../network/command.ts'
import { type NodeDirectory, nodeDirectory } from '../../node/machine/node-directory.ts'
import type { UpStatus } from '../up/control-socket.ts'
import type { DataDirectory } from '../up/data-directory.ts'
import type { ClusterFacts } from './cluster-facts.ts'

/** This user may not see it: the report names it instead of guessing. */
export class NotSeen extends Error {
  constructor(what: string) {
    super(`${what} is not readable by this user`)
    this.name = 'NotSeen'
  }
}

export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  readonly owner: number
  readonly mode: number
  readonly bytes: number
}

export interface Space {
  readonly bytes: number
  readonly freeBytes: number
  /** 0 if the file system has no fixed number. */
  readonly inodes: number
  readonly freeInodes: number
}

export interface Machine {
  readonly directory: DataDirectory
  readonly node: NodeDirectory
  /** Of the user who runs the command. */
  readonly userId: number
  readonly architecture: string
  /** `uname -r` */
  readonly kernel: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The running `bulkhead up` or `bulkhead join`. Throws `NotSeen` if another user runs it. */
  readonly up: UpStatus | undefined
  /** Why `up` does not answer, although something holds its socket. */
  readonly upProblem: string | undefined
  /** Undefined without a running server that this user may ask. */
  readonly cluster: ClusterFacts | undefined
  /** At most a megabyte; undefined if it is not there. Throws `NotSeen`. */
  text(path: string): string | undefined
  bytes(path: string): Buffer | undefined
  exists(path: string): boolean
  /** Empty if there is no such folder. Throws `NotSeen`. */
  names(path: string): readonly string[]
  file(path: string): FileFacts | undefined
  /** Of the file system that holds the path, or that will. Undefined if there is none. */
  space(path: string): Space | undefined
  /** Undefined if the program is missing or fails. */
  output(program: string, args: readonly string[]): Promise<string | undefined>
}

const maxBytes = 1 << 20

/** What answered at the socket of `up`. `hidden`: this user may not ask. */
export type FoundUp = UpStatus | 'hidden' | { readonly problem: string } | undefined

export function thisMachine(directory: DataDirectory, up: FoundUp, cluster: ClusterFacts | undefined): Machine {
  const bytes = (path: string) => readable(path, () => readBounded(path))
  return {
    ...{ directory, cluster, bytes },
    get up() {
      if (up === 'hidden') throw new NotSeen('the running cluster')
      return up !== undefined && 'problem' in up ? undefined : up
    },
    upProblem: up !== undefined && up !== 'hidden' && 'problem' in up ? up.problem : undefined,
    node: nodeDirectory(directory.node),
    userId: process.geteuid?.() ?? -1,
    architecture: arch(),
    kernel: release(),
    now: Date.now(),
    text: path => bytes(path)?.toString('utf8'),
    exists: existsSync,
    names: path => readable(path, () => readdirSync(path)) ?? [],
    file: path => readable(path, () => fileFacts(path)),
    space: spaceOf,
    output: async (program, args) => await runProgram(program, args).catch(() => undefined),
  }
}

function readBounded(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    // Files of /proc have no size, so it reads until the end.
    const chunks: Buffer[] = []
    let total = 0
    for (;;) {
      const chunk = Buffer.alloc(64 << 10)
      const read = readSync(file, chunk, 0, chunk.length, null)
      if (read === 0 || total >= maxBytes) return Buffer.concat(chunks)
      chunks.push(chunk.subarray(0, read))
      total += read
    }
  } finally {
    closeSync(file)
  }
}

function fileFacts(path: string): FileFacts {
  const stats = lstatSync(path)
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other'
  return { kind, owner: stats.uid, mode: stats.mode & 0o7777, bytes: stats.size }
}

function spaceOf(path: string): Space | undefined {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/')) || '/') {
    // A folder that this user may not enter is on the file system of its parent, unless something is mounted in between.
    const found = unlessHidden(() => readable(at, () => statfsSync(at)))
    if (found !== undefined) {
      const { bsize, blocks, bavail, files, ffree } = found
      return { bytes: blocks * bsize, freeBytes: bavail * bsize, inodes: files, freeInodes: ffree }
    }
    if (at === '/') return undefined
  }
}

function unlessHidden<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (err) {
    if (err instanceof NotSeen) return undefined
    throw err
  }
}

/** Undefined for what is not there. */
function readable<T>(path: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (err) {
    if (['ENOENT', 'ENOTDIR', 'EINVAL', 'ENXIO', 'ENODEV', 'EISDIR'].includes(codeOf(err))) return undefined
    if (['EACCES', 'EPERM'].includes(codeOf(err))) throw new NotSeen(`"${path}"`)
    throw err
  }
}
