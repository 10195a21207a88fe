// Notices that another program changes files of the log that this process has written: full log files, tiles, the checkpoint, the epochs.
import { lstat, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { sha256 } from '../../base/tlog/hashes.ts'
import { codeOf } from '../../base/user-error.ts'
import { rootOfFile } from './file-root.ts'

/** How many of the older tiles are looked at each time, in turn. */
const olderPerCheck = 500
/** The newest files are looked at each time. */
const newest = 64

interface Watched {
  /** Of the kernel: a new one is no change yet, as of a file that got another name. */
  state: string | undefined
  /** Whether the content is still that which was written. */
  isSame(path: string): Promise<boolean>
  /** Partial tiles and checkpoints are replaced and removed by this process. */
  readonly isRemovable: boolean
  /** This process may be replacing the file right now: only what is found twice is told. */
  suspected: boolean
}

export class WatchedFiles {
  readonly #files = new Map<string, Watched>()
  #at = 0

  /** A full log file, with the root of the tree after it. */
  addLog(path: string, root: Buffer): void {
    const isSame = async () => (await rootOfFile(path, (await lstat(path)).size))?.equals(root) ?? false
    this.#files.set(path, { state: undefined, isSame, isRemovable: false, suspected: false })
  }

  /** A file with a content of this SHA-256. */
  add(path: string, digest: Buffer): void {
    // A file that is written again is one of the newest.
    this.#files.delete(path)
    this.#files.set(path, {
      state: undefined,
      isSame: async () => sha256(await readFile(path)).equals(digest),
      isRemovable: path.includes('.p/'),
      suspected: false,
    })
  }

  /** A file as it is now. */
  async addOwn(path: string): Promise<void> {
    this.add(path, sha256(await readFile(path)))
  }

  /** What was removed by this process. */
  remove(isRemoved: (path: string) => boolean): void {
    for (const path of this.#files.keys()) if (isRemoved(path)) this.#files.delete(path)
  }

  /** What another program changed before the last call; such a file is not watched any more. */
  async changed(): Promise<string[]> {
    const found: string[] = []
    const all = [...this.#files]
    const older = all.slice(0, -newest)
    const turn = older.slice(this.#at, this.#at + olderPerCheck)
    this.#at = this.#at + olderPerCheck >= older.length ? 0 : this.#at + olderPerCheck
    const logs = older.filter(([path]) => path.endsWith('.log'))
    for (const [path, watched] of new Map([...logs, ...turn, ...all.slice(-newest)])) {
      const what = await changeOf(path, watched)
      // Replaced meanwhile by this process.
      if (what === undefined || this.#files.get(path) !== watched) continue
      if (!watched.suspected) {
        watched.suspected = true
        continue
      }
      this.#files.delete(path)
      if (what !== 'removed' || !watched.isRemovable)
        found.push(`"${basename(path)}" of the audit log was ${what} by another program: ${path}`)
    }
    return found
  }
}

async function changeOf(path: string, watched: Watched): Promise<'changed' | 'removed' | undefined> {
  try {
    const { ino, size, ctimeNs } = await lstat(path, { bigint: true })
    const state = `${ino} ${size} ${ctimeNs}`
    if (state === watched.state) return undefined
    // The first look compares, too: the file may have been changed right after it was written.
    if (!(await watched.isSame(path))) return 'changed'
    watched.state = state
    watched.suspected = false
    return undefined
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return 'removed'
    throw err
  }
}
