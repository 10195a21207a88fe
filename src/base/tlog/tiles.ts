// Tiles of C2SP tlog-tiles: a level-L tile holds up to 256 hashes, those of the perfect subtrees of 256^L leaves.
import { hashBytes, nodeHash } from './hashes.ts'
import { type LeafRange, nodesOf, type TreeNode } from './tree-nodes.ts'

/** The height of a tile is 8. */
export const tileWidth = 256
const height = 8
/** The highest level of a tree of 2^53 leaves. */
export const maxTileLevel = 6

/** `width` is 256 for a full tile. `level` is undefined for a bundle of entries. */
export interface Tile {
  readonly level: number | undefined
  readonly index: number
  readonly width: number
}

/** Below the log's prefix: `tile/0/x001/x234/067.p/8`. */
export function tilePath({ level, index, width }: Tile): string {
  const groups = [String(index % 1000).padStart(3, '0')]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  return `tile/${level ?? 'entries'}/${groups.join('/')}${width === tileWidth ? '' : `.p/${width}`}`
}

/** How many hashes of a level a tree of this size has. */
export const hashesAtLevel = (size: number, level: number): number => Math.floor(size / tileWidth ** level)

/** The tiles that a tree has and a smaller one has not: full ones in order, then the partial one at the edge. Level undefined: entries. */
export function* newTiles(old: number, size: number, level: number | undefined): Generator<Tile> {
  const before = hashesAtLevel(old, level ?? 0)
  const count = hashesAtLevel(size, level ?? 0)
  for (let index = Math.floor(before / tileWidth); index * tileWidth < count; index++) {
    const width = Math.min(tileWidth, count - index * tileWidth)
    if (index * tileWidth + width > before) yield { level, index, width }
  }
}

/** The tile in which the hashes below a node are, in a tree of this size, and which of them. */
export function tileOf({ level, index }: TreeNode, size: number): { readonly tile: Tile; readonly from: number; readonly to: number } {
  const tileLevel = Math.min(maxTileLevel, Math.floor(level / height))
  const width = 2 ** (level - tileLevel * height)
  const start = index * width
  const tile = Math.floor(start / tileWidth)
  const from = start - tile * tileWidth
  const available = hashesAtLevel(size, tileLevel) - tile * tileWidth
  return { tile: { level: tileLevel, index: tile, width: Math.min(tileWidth, available) }, from, to: from + width }
}

/** The root of the perfect subtree over the hashes `from` to `to` of a tile. Throws a RangeError if the tile is shorter. */
export function rootInTile(bytes: Buffer, from: number, to: number): Buffer {
  if (to * hashBytes > bytes.length) throw new RangeError(`The tile has ${Math.floor(bytes.length / hashBytes)} hashes, ${to} are needed`)
  let row = Array.from({ length: to - from }, (_, at) => bytes.subarray((from + at) * hashBytes, (from + at + 1) * hashBytes))
  while (row.length > 1) row = Array.from({ length: row.length / 2 }, (_, at) => nodeHash(pick(row, 2 * at), pick(row, 2 * at + 1)))
  return pick(row, 0)
}

function pick(row: readonly Buffer[], at: number): Buffer {
  const hash = row[at]
  if (hash === undefined) throw new RangeError(`No hash ${at}`)
  return hash
}

export type ReadTile = (tile: Tile) => Promise<Buffer>

/** The hash of each range, from the tiles of a tree of this size. */
export async function rangeHashes(ranges: readonly LeafRange[], size: number, read: ReadTile): Promise<Buffer[]> {
  const found: Buffer[] = []
  for (const range of ranges) {
    let hash: Buffer | undefined
    for (const node of nodesOf(range).reverse()) {
      const { tile, from, to } = tileOf(node, size)
      const own = rootInTile(await read(tile), from, to)
      hash = hash === undefined ? own : nodeHash(own, hash)
    }
    if (hash === undefined) throw new RangeError('A range of no leaves has no hash')
    found.push(hash)
  }
  return found
}
