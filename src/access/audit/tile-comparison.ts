// Compares the tiles on disk with those that the lines make, and names the lines by which they differ.
import { basename } from 'node:path'
import { entriesIn } from '../../base/tlog/entry-bundle.ts'
import { type Tile, tilePath, tileWidth } from '../../base/tlog/tiles.ts'
import { compareEntries, type Line } from './compare-entries.ts'
import type { LogTree, TileContent } from './log-tree.ts'
import type { TileFiles } from './tile-files.ts'

/** Bundles around the first difference whose lines are compared one by one. */
const comparedBundles = 4
const maxNamed = 20

export class TileComparison {
  readonly #files: TileFiles
  readonly #tree: LogTree
  #tiles: TileContent[] = []
  /** Lines of the newest bundles. */
  #lines: Line[] = []
  #firstLine: number
  /** The first bundle whose lines differ. */
  #differs: number | undefined
  #tileProblems: string[] = []
  #differing = 0
  #named: string[] = []

  /** Of the checkpoint: tiles of later lines may not be written yet. */
  readonly #size: number

  constructor(files: TileFiles, tree: LogTree, size: number) {
    this.#size = size
    this.#files = files
    this.#tree = tree
    this.#firstLine = tree.size
  }

  get problems(): readonly string[] {
    const further = this.#differing - this.#tileProblems.length
    return [...this.#named, ...this.#tileProblems, ...(further > 0 ? [`${further} further tiles differ`] : [])]
  }

  add(line: Line, index: number): void {
    if (this.#differs === undefined || index < (this.#differs + comparedBundles) * tileWidth) this.#lines.push(line)
  }

  /** The partial tiles of the tree as it is now are on disk, too. */
  partial(): void {
    this.#tiles.push(...this.#tree.takeTiles())
  }

  async compareFull(): Promise<void> {
    const tiles = [...this.#tiles, ...this.#tree.takeTiles().filter(({ tile }) => tile.width === tileWidth)]
    this.#tiles = []
    for (const each of tiles) await this.#compare(each)
    if (this.#differs !== undefined) return
    // Lines of the bundle that is not full yet.
    const open = this.#lines.length - (this.#tree.size % tileWidth)
    this.#lines.splice(0, Math.max(0, open))
    this.#firstLine += Math.max(0, open)
  }

  async finish(): Promise<void> {
    await this.compareFull()
    // Lines are missing: the newest bundle tells which.
    if (this.#tree.size < this.#size) this.#differs ??= Math.floor(this.#tree.size / tileWidth)
    if (this.#differs !== undefined) await this.#name(this.#differs)
  }

  async #compare({ tile, bytes }: TileContent): Promise<void> {
    if ((tile.index * tileWidth + tile.width) * tileWidth ** (tile.level ?? 0) > this.#size) return
    const found = await this.#files.read(tile)
    if (found?.equals(bytes)) return
    this.#differing++
    if (tile.level === undefined && found !== undefined) this.#differs ??= tile.index
    if (this.#tileProblems.length < maxNamed)
      this.#tileProblems.push(`${nameOf(tile)} ${found === undefined ? 'is missing or cut' : 'is not that of the lines'}`)
  }

  async #name(bundle: number): Promise<void> {
    const first = Math.max(bundle * tileWidth, this.#firstLine)
    const lines = this.#lines.slice(first - this.#firstLine)
    const recorded: Buffer[] = []
    for (let index = bundle; index < bundle + comparedBundles; index++) {
      const bytes = await this.#widest(index)
      const entries = bytes === undefined ? undefined : entriesIn(bytes)
      if (entries === undefined) break
      recorded.push(...entries)
    }
    this.#named = compareEntries(first, recorded.slice(first - bundle * tileWidth), lines)
  }

  async #widest(index: number): Promise<Buffer | undefined> {
    for (let width = tileWidth; width > 0; width--) {
      const bytes = await this.#files.read({ level: undefined, index, width })
      if (bytes !== undefined) return bytes
    }
    return undefined
  }
}

const nameOf = (tile: Tile): string => (tile.level === undefined ? `bundle ${basename(tilePath(tile))} of entries` : tilePath(tile))
