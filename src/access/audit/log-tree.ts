// The Merkle tree over the lines of the log: an entry is the SHA-256 of a line with its line end, as it lies on disk. Collects the tiles
// that are to be written.
import { CompactTree } from '../../base/tlog/compact-tree.ts'
import { encodeBundle } from '../../base/tlog/entry-bundle.ts'
import { hashBytes, leafHash, sha256 } from '../../base/tlog/hashes.ts'
import { hashesAtLevel, maxTileLevel, type Tile, tileWidth } from '../../base/tlog/tiles.ts'

const newline = 0x0a

export interface TileContent {
  readonly tile: Tile
  readonly bytes: Buffer
}

interface Edge {
  /** Of the tile that is being filled. */
  index: number
  readonly hashes: Buffer[]
}

/** The content of the tiles at the edge of a tree: by level, and the entries. */
export interface TreeEdge {
  readonly hashes: readonly (readonly Buffer[])[]
  readonly entries: readonly Buffer[]
}

export class LogTree {
  readonly #tree: CompactTree
  readonly #levels: Edge[]
  readonly #entries: Edge
  /** Full tiles since the last time they were taken. */
  #full: TileContent[] = []

  constructor(tree = new CompactTree(), edge: TreeEdge = { hashes: [], entries: [] }) {
    this.#tree = tree
    const indexAt = (level: number) => Math.floor(hashesAtLevel(tree.size, level) / tileWidth)
    this.#levels = Array.from({ length: maxTileLevel + 1 }, (_, level) => ({
      index: indexAt(level),
      hashes: [...(edge.hashes[level] ?? [])],
    }))
    this.#entries = { index: indexAt(0), hashes: [...edge.entries] }
  }

  get size(): number {
    return this.#tree.size
  }

  get roots(): readonly Buffer[] {
    return this.#tree.roots
  }

  root(): Buffer {
    return this.#tree.root()
  }

  /** With its line end. Returns the entry. */
  appendLine(line: Buffer): Buffer {
    const entry = sha256(line)
    this.#entries.hashes.push(entry)
    if (this.#entries.hashes.length === tileWidth) {
      this.#full.push({
        tile: { level: undefined, index: this.#entries.index++, width: tileWidth },
        bytes: encodeBundle(this.#entries.hashes.splice(0)),
      })
    }
    const leaf = leafHash(entry)
    this.#addHash(0, leaf)
    this.#tree.append(leaf, (level, node) => this.#addHash(level / 8, node))
    return entry
  }

  /** Whole lines. */
  appendLines(bytes: Buffer): void {
    let from = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      this.appendLine(bytes.subarray(from, end + 1))
      from = end + 1
    }
  }

  #addHash(level: number, hash: Buffer): void {
    const edge = this.#levels[level]
    if (edge === undefined) return
    edge.hashes.push(hash)
    if (edge.hashes.length < tileWidth) return
    this.#full.push({
      tile: { level, index: edge.index++, width: tileWidth },
      bytes: Buffer.concat(edge.hashes.splice(0), tileWidth * hashBytes),
    })
  }

  /** Full tiles since the last call, and the partial ones of now. */
  takeTiles(): TileContent[] {
    const tiles = this.#full
    this.#full = []
    for (const [level, { index, hashes }] of this.#levels.entries())
      if (hashes.length > 0) tiles.push({ tile: { level, index, width: hashes.length }, bytes: Buffer.concat(hashes) })
    const { index, hashes } = this.#entries
    if (hashes.length > 0) tiles.push({ tile: { level: undefined, index, width: hashes.length }, bytes: encodeBundle(hashes) })
    return tiles
  }
}
