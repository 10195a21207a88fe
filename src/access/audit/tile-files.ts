// The tiles of a log on disk, as C2SP tlog-tiles names them. They are derived from the lines: what a crash loses is written again.
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hashBytes, sha256 } from '../../base/tlog/hashes.ts'
import { type Tile, tilePath, tileWidth } from '../../base/tlog/tiles.ts'
import { codeOf } from '../../base/user-error.ts'
import type { TileContent } from './log-tree.ts'

/** Below the folder of the log: what a verifier of transparency logs reads. */
export const tlogFolder = 'tlog'
/** Of an entry in a bundle: its length and a SHA-256. */
export const bundledBytes = 2 + hashBytes

const bytesIn = ({ level, width }: Tile): number => width * (level === undefined ? bundledBytes : hashBytes)

export class TileFiles {
  readonly #directory: string
  /** By level: the partial tile that is on disk. */
  readonly #partial = new Map<Tile['level'], Tile>()
  readonly #folders = new Set<string>()
  readonly #onWrite: (path: string, digest: Buffer) => void

  /** `onWrite` is told what each written file holds. */
  constructor(directory: string, onWrite: (path: string, digest: Buffer) => void = () => undefined) {
    this.#directory = directory
    this.#onWrite = onWrite
  }

  pathOf(tile: Tile): string {
    return join(this.#directory, tlogFolder, tilePath(tile))
  }

  async write(tiles: readonly TileContent[]): Promise<void> {
    for (const { tile, bytes } of tiles) {
      await this.writeFile(this.pathOf(tile), bytes)
      const before = this.#partial.get(tile.level)
      if (before === undefined) await this.#removeOthers(tile)
      else if (before.index !== tile.index || before.width !== tile.width) await this.#remove(before, tile)
      if (tile.width === tileWidth) this.#partial.delete(tile.level)
      else this.#partial.set(tile.level, tile)
    }
  }

  /** A partial tile is of no use when a larger one exists. */
  async #remove(partial: Tile, next: Tile): Promise<void> {
    const path = this.pathOf(partial)
    const isFull = next.index !== partial.index || next.width === tileWidth
    await rm(isFull ? dirname(path) : path, { recursive: isFull, force: true })
    if (isFull) this.#folders.delete(dirname(path))
  }

  /** Those that an earlier run left. */
  async #removeOthers({ level, index, width }: Tile): Promise<void> {
    const folder = dirname(this.pathOf({ level, index, width: 1 }))
    for (const name of await namesIn(folder)) if (name !== String(width)) await rm(join(folder, name), { recursive: true, force: true })
    if (width === tileWidth) await rm(folder, { recursive: true, force: true })
  }

  /** Readers see the old content or the new. */
  async writeFile(path: string, bytes: Buffer | string): Promise<void> {
    const folder = dirname(path)
    if (!this.#folders.has(folder)) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      this.#folders.add(folder)
    }
    await writeFile(`${path}.new`, bytes, { mode: 0o600 })
    await rename(`${path}.new`, path)
    this.#onWrite(path, sha256(Buffer.from(bytes)))
  }

  /** The first hashes of the tile, from a file with at least as many; undefined if there is none. */
  async read(tile: Tile): Promise<Buffer | undefined> {
    const whole = await readIfThere(this.pathOf({ ...tile, width: tileWidth }), tileWidth * bundledBytes)
    if (whole !== undefined && whole.length === bytesIn({ ...tile, width: tileWidth })) return whole.subarray(0, bytesIn(tile))
    const folder = dirname(this.pathOf({ ...tile, width: 1 }))
    const widths = (await namesIn(folder)).map(Number).filter(width => Number.isInteger(width) && width >= tile.width && width < tileWidth)
    for (const width of widths.toSorted((a, b) => a - b)) {
      const bytes = await readIfThere(this.pathOf({ ...tile, width }), tileWidth * bundledBytes)
      if (bytes !== undefined && bytes.length === bytesIn({ ...tile, width })) return bytes.subarray(0, bytesIn(tile))
    }
    return undefined
  }

  /** Writes full tiles that are missing or differ, and returns the paths of those that differ. Partial tiles are replaced. */
  async restore(tiles: readonly TileContent[]): Promise<string[]> {
    const changed: string[] = []
    const toWrite: TileContent[] = []
    for (const content of tiles) {
      const path = this.pathOf(content.tile)
      const found = content.tile.width === tileWidth ? await readIfThere(path, tileWidth * bundledBytes) : undefined
      if (found?.equals(content.bytes)) this.#onWrite(path, sha256(found))
      else {
        if (found !== undefined) changed.push(path)
        toWrite.push(content)
      }
    }
    await this.write(toWrite)
    return changed
  }
}

/** Undefined if it does not exist, or is longer than any of its kind. */
async function readIfThere(path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    const info = await lstat(path)
    return info.isFile() && info.size <= maxBytes ? await readFile(path) : undefined
  } catch (err) {
    if (codeOf(err) === 'ENOENT' || codeOf(err) === 'ENOTDIR') return undefined
    throw err
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (err) {
    if (codeOf(err) === 'ENOENT' || codeOf(err) === 'ENOTDIR') return []
    throw err
  }
}
