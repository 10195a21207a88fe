// The numbered files of an audit log: opened where the last run stopped, appended to as a whole or not at all, rotated by size.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { genesis, isSealLine, parseSeal, type Seal } from './chain.ts'

export interface LogEnd {
  readonly digest: Buffer
  readonly sequence: number
  /** Whole lines behind the last seal: written by a run that was killed before it could seal them. */
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
  /** Behind the end lies a part of a batch that failed. */
  #ragged = false

  private constructor(directory: string, keep: number, number: number, file: FileHandle, size: number) {
    this.#directory = directory
    this.#keep = keep
    this.#number = number
    this.#file = file
    this.#size = size
  }

  /** Opens the newest file. A line that was cut by a crash is removed. */
  static async open(directory: string, keep: number): Promise<{ readonly files: LogFiles; readonly end: LogEnd }> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const numbers = await logFileNumbers(directory)
    const number = numbers.at(-1) ?? 1
    const file = await openFile(directory, number)
    const { size } = await file.stat()
    const tail = await readTail(file, size)
    const whole = tail.lastIndexOf('\n') + 1
    const kept = size - (tail.length - whole)
    if (kept < size) await file.truncate(kept)
    let end = endOf(tail.subarray(0, whole))
    const before = numbers.at(-2)
    // A file that was begun but not yet sealed continues the one before.
    if (end.seal === undefined && before !== undefined) {
      const older = await openFile(directory, before)
      const seal = endOf(await readTail(older, (await older.stat()).size)).seal
      await older.close()
      end = { ...end, seal }
    }
    if (end.seal === undefined && (before !== undefined || kept > tailBytes)) {
      throw new Error(`Cannot continue the audit log "${join(directory, logFileName(number))}": no seal is found at its end`)
    }
    return {
      files: new LogFiles(directory, keep, number, file, kept),
      end: {
        digest: end.seal ? Buffer.from(end.seal.digest, 'hex') : genesis,
        sequence: end.seal?.sequence ?? 0,
        unsealed: end.unsealed,
      },
    }
  }

  get size(): number {
    return this.#size
  }

  /** Adds the bytes at the end; they are on disk when it resolves. After a failure the file is as before, so that no half batch stays. */
  async append(bytes: Buffer): Promise<void> {
    if (this.#ragged) await this.#cut()
    try {
      let written = 0
      while (written < bytes.length) {
        const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#size + written)
        written += bytesWritten
      }
      this.#size += bytes.length
    } catch (err) {
      this.#ragged = true
      // Where that fails too, the next batch cuts first: it may be shorter than what lies there.
      await this.#cut().catch(() => undefined)
      throw err
    }
  }

  async #cut(): Promise<void> {
    await this.#file.truncate(this.#size)
    this.#ragged = false
  }

  /** Begins the next file and removes those beyond the number to keep. Where it rejects the log goes on, in the old file or in the new one. */
  async rotate(): Promise<void> {
    const next = await openFile(this.#directory, this.#number + 1)
    const full = this.#file
    try {
      await full.datasync()
      await syncFolder(this.#directory)
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

/** With O_DSYNC a write is on disk when it returns: one trip to the thread pool a batch instead of two. */
const openFlags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_DSYNC

async function openFile(directory: string, number: number): Promise<FileHandle> {
  const file = await open(join(directory, logFileName(number)), openFlags, 0o600)
  await file.chmod(0o600)
  return file
}

async function syncFolder(directory: string): Promise<void> {
  const folder = await open(directory, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function readTail(file: FileHandle, size: number): Promise<Buffer> {
  const length = Math.min(size, tailBytes)
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, size - length)
  return bytes.subarray(0, bytesRead)
}

function endOf(lines: Buffer): { readonly seal: Seal | undefined; readonly unsealed: Buffer } {
  const at = lines.lastIndexOf('\n{"kind":"Seal"') + 1
  if (at === 0 && !isSealLine(lines.subarray(0, 20).toString())) return { seal: undefined, unsealed: lines }
  const end = lines.indexOf('\n', at) + 1
  return { seal: parseSeal(lines.subarray(at, end).toString()), unsealed: lines.subarray(end) }
}
