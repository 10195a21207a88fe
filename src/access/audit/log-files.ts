// The numbered files of an audit log: opened where the last run stopped, appended to as a whole or not at all, rotated by size.
import { constants, fstatSync } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { codeOf } from '../../base/user-error.ts'
import { LogTampered } from './audit-failure.ts'
import { rootOf } from './file-root.ts'

const form = /^audit-(\d{8})\.log$/

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

/** Before all times of the kernel, so that any time counts as a change by others. */
const neverChanged = 0n

export class LogFiles {
  readonly #directory: string
  readonly #keep: number
  #number: number
  #file: FileHandle
  #size: number
  /** A part of a failed batch is after the end. */
  #ragged = false
  /** The kernel's time of the last change, after this process made it. */
  #changed: bigint | undefined

  private constructor(directory: string, keep: number, number: number, file: FileHandle, size: number) {
    this.#directory = directory
    this.#keep = keep
    this.#number = number
    this.#file = file
    this.#size = size
  }

  /** Opens the file in which the log ends, after `bytes`. What follows stays until the first append replaces it. */
  static async open(
    directory: string,
    keep: number,
    { number, bytes }: { readonly number: number; readonly bytes: number },
  ): Promise<LogFiles> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const file = await openFile(directory, number)
    // File and folder may be new, and the run that created them may have been killed before it synced their names.
    await syncToDisk(directory)
    await syncToDisk(dirname(directory))
    // That its lines can be read does not prove that they are on disk.
    await file.datasync()
    const { size } = await file.stat()
    const files = new LogFiles(directory, keep, number, file, bytes)
    files.#ragged = bytes < size
    return files
  }

  /** The number of the current file. */
  get number(): number {
    return this.#number
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
      this.#changed = fstatSync(this.#file.fd, { bigint: true }).ctimeNs
    } catch (err) {
      this.#ragged = true
      // If that fails too, the next batch truncates first, because it may be shorter.
      await this.#cut().catch(() => undefined)
      throw err
    }
  }

  /** Throws if the file was removed or truncated, or has more than was written. It is open, so the kernel answers from memory. */
  #checkOpenFile(): void {
    const { nlink, size } = fstatSync(this.#file.fd)
    if (nlink === 0) throw new LogTampered(`The audit log "${this.path}" was removed while it was written`)
    if (size < this.#size)
      throw new LogTampered(`The audit log "${this.path}" was cut from ${this.#size} to ${size} bytes while it was written`)
    if (size > this.#size && !this.#ragged)
      throw new LogTampered(`The audit log "${this.path}" got ${size - this.#size} bytes from another program while it was written`)
  }

  /** Throws `LogTampered` if the file is not where and as long as it should be. */
  async check(): Promise<void> {
    this.#checkOpenFile()
    await this.#checkNamed()
  }

  /** The time at which another program may have changed the content: the caller compares it, and confirms that time. */
  changedByOthers(): bigint | undefined {
    const changed = fstatSync(this.#file.fd, { bigint: true }).ctimeNs
    return this.#changed === undefined || changed === this.#changed || this.#ragged ? undefined : changed
  }

  /** The root after the last line, as the file is now; undefined if it has no such line. */
  root(): Promise<Buffer | undefined> {
    return rootOf(this.#file, this.#size)
  }

  /** The content is the same as before this time. */
  confirm(changed: bigint): void {
    this.#changed = changed
  }

  /** Another program may have changed the content at the moment of a write of this process. */
  suspect(): void {
    this.#changed = neverChanged
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

  /** Begins the next file. If it rejects, the log continues in the old or the new file. */
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
    this.#changed = undefined
    await full.close()
  }

  /** The oldest file that is kept beside the current one. */
  get oldestKept(): number {
    return Math.max(1, this.#number - this.#keep + 1)
  }

  /** Files before this one, oldest first. */
  async outdated(oldest: number): Promise<string[]> {
    const numbers = await logFileNumbers(this.#directory)
    return numbers.filter(number => number < oldest).map(number => join(this.#directory, logFileName(number)))
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
