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
  /** Full log files. */
  readonly #logs = new Map<string, Watched>()
  readonly #tiles = new Map<string, Watched>()
  /** Those that were written last. */
  #newest: string[] = []
  #turn = this.#tiles.keys()

  /** A full log file, with the root of the tree after it. */
  addLog(path: string, root: Buffer): void {
    const isSame = async () => (await rootOfFile(path, (await lstat(path)).size))?.equals(root) ?? false
    this.#logs.set(path, { state: undefined, isSame, isRemovable: false, suspected: false })
  }

  /** A file with a content of this SHA-256. */
  add(path: string, digest: Buffer): void {
    const isSame = async () => sha256(await readFile(path)).equals(digest)
    this.#tiles.set(path, { state: undefined, isSame, isRemovable: path.includes('.p/'), suspected: false })
    this.#newest = [...this.#newest.filter(other => other !== path), path].slice(-newest)
  }

  /** A file as it is now. */
  async addOwn(path: string): Promise<void> {
    this.add(path, sha256(await readFile(path)))
  }

  /** This process removes the file. */
  remove(path: string): void {
    this.#logs.delete(path)
    this.#tiles.delete(path)
  }

  /** What another program changed before the last call; such a file is not watched any more. */
  async changed(): Promise<string[]> {
    const found: string[] = []
    for (const path of new Set([...this.#logs.keys(), ...this.#newest, ...this.#nextOlder()])) {
      const files = this.#logs.has(path) ? this.#logs : this.#tiles
      const watched = files.get(path)
      const what = watched === undefined ? undefined : await changeOf(path, watched)
      // Replaced meanwhile by this process.
      if (watched === undefined || what === undefined || files.get(path) !== watched) continue
      if (!watched.suspected) {
        watched.suspected = true
        continue
      }
      files.delete(path)
      if (what !== 'removed' || !watched.isRemovable)
        found.push(`"${basename(path)}" of the audit log was ${what} by another program: ${path}`)
    }
    return found
  }

  /** In turn. One that was suspected comes again with the next turn. */
  #nextOlder(): string[] {
    const paths: string[] = []
    for (let next = this.#turn.next(); paths.length < olderPerCheck; next = this.#turn.next()) {
      if (next.done === true) {
        this.#turn = this.#tiles.keys()
        break
      }
      paths.push(next.value)
    }
    return paths
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
