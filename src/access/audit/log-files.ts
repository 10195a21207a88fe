// The numbered files of an audit log: opened where the last run stopped, appended to as a whole or not at all, rotated by size.
import { constants, fstatSync } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { codeOf } from '../../base/user-error.ts'
import { LogTampered } from './audit-failure.ts'
import { batchDigest, genesis, isSealLine, parseSeal, type Seal } from './chain.ts'

export interface LogEnd {
  readonly digest: Buffer
  readonly sequence: number
  /** Whole lines after the last valid seal, from a batch that a crash interrupted; they were never acknowledged. */
  readonly unsealed: Buffer
}

const form = /^audit-(\d{8})\.log$/
/** More than one batch can have. */
const tailBytes = 16 << 20

export const logFileName = (number: number): string => `audit-${String(number).padStart(8, '0')}.log`

/** Numbers of the log files in a folder, oldest first. */
export async function logFileNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  return names
    .flatMap(name => form.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

/** Whether anything was ever recorded in the folder. */
export async function hasRecords(directory: string): Promise<boolean> {
  const numbers = await logFileNumbers(directory).catch((err: NodeJS.ErrnoException) => {
    if (err.code === 'ENOENT') return []
    throw err
  })
  const sizes = await Promise.all(numbers.map(async number => (await stat(join(directory, logFileName(number)))).size))
  return sizes.some(size => size > 0)
}

export class LogFiles {
  readonly #directory: string
  readonly #keep: number
  #number: number
  #file: FileHandle
  #size: number
  /** A part of a failed batch is after the end. */
  #ragged = false

  private constructor(directory: string, keep: number, number: number, file: FileHandle, size: number) {
    this.#directory = directory
    this.#keep = keep
    this.#number = number
    this.#file = file
    this.#size = size
  }

  /** Opens the newest file. Anything after the last valid seal stays until the first batch replaces it. */
  static async open(directory: string, keep: number): Promise<{ readonly files: LogFiles; readonly end: LogEnd }> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const numbers = await logFileNumbers(directory)
    const number = numbers.at(-1) ?? 1
    const file = await openFile(directory, number)
    // File and folder may be new, and the run that created them may have been killed before it synced their names.
    await syncToDisk(directory)
    await syncToDisk(dirname(directory))
    const { size } = await file.stat()
    const tail = await readTail(file, size)
    const end = endOf(tail, size === tail.length)
    let { seal } = end
    const before = numbers.at(-2)
    // A file without a seal continues the one before.
    if (seal === undefined && before !== undefined) {
      const older = await openFile(directory, before)
      const { size: olderSize } = await older.stat()
      seal = endOf(await readTail(older, olderSize), olderSize <= tailBytes).seal
      await older.close()
    }
    if (seal === undefined && (before !== undefined || size > tailBytes)) {
      await file.close()
      throw new Error(`Cannot continue the audit log "${join(directory, logFileName(number))}": no seal is found at its end`)
    }
    const sealed = size - tail.length + end.length
    const files = new LogFiles(directory, keep, number, file, sealed)
    files.#ragged = sealed < size
    return {
      files,
      end: {
        digest: seal ? Buffer.from(seal.digest, 'hex') : genesis,
        sequence: seal?.sequence ?? 0,
        unsealed: wholeLines(tail.subarray(end.length)),
      },
    }
  }

  /** The path of the current file. */
  get path(): string {
    return join(this.#directory, logFileName(this.#number))
  }

  /** Size up to the end of the last batch. */
  get size(): number {
    return this.#size
  }

  /** Whether other bytes are after the last batch. */
  get ragged(): boolean {
    return this.#ragged
  }

  /** Appends the bytes; they are on disk when it resolves. After a failure the file is as before, so that no partial batch stays. */
  async append(bytes: Buffer): Promise<void> {
    this.#checkOpenFile()
    // Checked concurrently with the write, so that nothing waits for it.
    const named = this.#checkNamed()
    named.catch(() => undefined)
    if (this.#ragged) await this.#cut()
    try {
      let written = 0
      while (written < bytes.length) {
        const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#size + written)
        written += bytesWritten
      }
      await named
      this.#size += bytes.length
    } catch (err) {
      this.#ragged = true
      // If that fails too, the next batch truncates first, because it may be shorter.
      await this.#cut().catch(() => undefined)
      throw err
    }
  }

  /** Throws if the file was removed or truncated. It is open, so the kernel answers from memory. */
  #checkOpenFile(): void {
    const { nlink, size } = fstatSync(this.#file.fd)
    if (nlink === 0) throw new LogTampered(`The audit log "${this.path}" was removed while it was written`)
    if (size < this.#size)
      throw new LogTampered(`The audit log "${this.path}" was cut from ${this.#size} to ${size} bytes while it was written`)
  }

  /** Rejects if the path no longer names this file: what is written into it would be lost. */
  async #checkNamed(): Promise<void> {
    const { ino, dev } = fstatSync(this.#file.fd)
    const found = await lstat(this.path).catch((err: unknown) => {
      if (codeOf(err) === 'ENOENT') return undefined
      throw err
    })
    if (found?.ino !== ino || found.dev !== dev)
      throw new LogTampered(`The audit log "${this.path}" was moved or replaced while it was written`)
  }

  async #cut(): Promise<void> {
    await this.#file.truncate(this.#size)
    this.#ragged = false
  }

  /** Begins the next file and removes the oldest ones. If it rejects, the log continues in the old or the new file. */
  async rotate(): Promise<void> {
    const next = await openFile(this.#directory, this.#number + 1)
    const full = this.#file
    try {
      await full.datasync()
      await syncToDisk(this.#directory)
    } catch (err) {
      await next.close()
      throw err
    }
    this.#file = next
    this.#number++
    this.#size = 0
    await full.close()
    const numbers = await logFileNumbers(this.#directory)
    for (const number of numbers.slice(0, Math.max(0, numbers.length - this.#keep))) await rm(join(this.#directory, logFileName(number)))
  }

  async close(): Promise<void> {
    await this.#file.datasync()
    await this.#file.close()
  }
}

/** With O_DSYNC a write is durable when it returns: one trip to the thread pool per batch instead of two. */
const openFlags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_DSYNC

async function openFile(directory: string, number: number): Promise<FileHandle> {
  const file = await open(join(directory, logFileName(number)), openFlags, 0o600)
  await file.chmod(0o600)
  return file
}

async function readTail(file: FileHandle, size: number): Promise<Buffer> {
  const length = Math.min(size, tailBytes)
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, size - length)
  return bytes.subarray(0, bytesRead)
}

interface SealedPart {
  readonly seal: Seal | undefined
  /** Up to the end of the seal's line. */
  readonly length: number
}

/**
 * The last valid seal. The newest batch may have its seal without some of its lines, because after a power loss the pages of one write are
 * on disk in any combination. The batch before it was durable earlier.
 */
function endOf(bytes: Buffer, isWholeFile: boolean): SealedPart {
  const last = lastSeal(bytes, isWholeFile)
  if (last.seal === undefined) return last
  const before = lastSeal(bytes.subarray(0, last.start), isWholeFile)
  // A batch that is too long to be read is trusted.
  if (before.seal === undefined && !isWholeFile) return last
  const digest = batchDigest(Buffer.from(last.seal.previous, 'hex'), bytes.subarray(before.length, last.start))
  return digest.toString('hex') === last.seal.digest ? last : before
}

const sealStart = '{"kind":"Seal"'

function lastSeal(bytes: Buffer, isWholeFile: boolean): SealedPart & { readonly start: number } {
  for (let before = bytes.length; before > 0; ) {
    const newline = bytes.lastIndexOf(`\n${sealStart}`, before - 1)
    const start = newline + 1
    const atStart = newline < 0 && isWholeFile && isSealLine(bytes.subarray(0, sealStart.length).toString())
    if (newline < 0 && !atStart) break
    const end = bytes.indexOf('\n', start) + 1
    const seal = end === 0 ? undefined : parseSeal(bytes.subarray(start, end).toString())
    if (seal !== undefined) return { seal, start, length: end }
    before = newline
  }
  return { seal: undefined, start: 0, length: 0 }
}

/** Lines up to the first one that is truncated, damaged or a seal. */
function wholeLines(bytes: Buffer): Buffer {
  let end = 0
  for (let next = bytes.indexOf('\n') + 1; next > 0; next = bytes.indexOf('\n', end) + 1) {
    if (!isRecord(bytes.subarray(end, next).toString())) break
    end = next
  }
  return bytes.subarray(0, end)
}

function isRecord(line: string): boolean {
  try {
    return !isSealLine(line) && isJsonObject(parseJson(line))
  } catch {
    // Not JSON: only a part of it was written.
    return false
  }
}
