// A tree that only grows, as the roots of its perfect subtrees: all that is needed to append and to know the root.
import { emptyRoot, hashBytes, nodeHash } from './hashes.ts'

export class CompactTree {
  #size = 0
  /** By level: the root of the perfect subtree of 2^level leaves, where the size has that bit. */
  readonly #roots: (Buffer | undefined)[] = []

  /** From the roots that `roots` returned for this size. Throws a RangeError if they are not as many as the size needs. */
  static of(size: number, roots: readonly Buffer[]): CompactTree {
    const tree = new CompactTree()
    const levels = perfectLevels(size)
    if (levels.length !== roots.length || roots.some(root => root.length !== hashBytes))
      throw new RangeError(`A tree of ${size} leaves has ${levels.length} perfect subtrees, not ${roots.length}`)
    for (const [at, level] of levels.entries()) tree.#roots[level] = roots[at]
    tree.#size = size
    return tree
  }

  get size(): number {
    return this.#size
  }

  /** Roots of the perfect subtrees, largest first. */
  get roots(): readonly Buffer[] {
    return perfectLevels(this.#size).flatMap(level => this.#roots[level] ?? [])
  }

  /** Calls `onTile` for each perfect subtree that is complete now and whose hash is in a tile above the lowest: of levels 8, 16, … */
  append(leaf: Buffer, onTile?: (level: number, node: Buffer) => void): void {
    let node = leaf
    let level = 0
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      node = nodeHash(this.#roots[level] ?? emptyRoot, node)
      this.#roots[level++] = undefined
      if (level % 8 === 0) onTile?.(level, node)
    }
    this.#roots[level] = node
    this.#size++
  }

  root(): Buffer {
    let root: Buffer | undefined
    for (const node of this.#roots) {
      if (node !== undefined) root = root === undefined ? node : nodeHash(node, root)
    }
    return root ?? emptyRoot
  }

  copy(): CompactTree {
    return CompactTree.of(this.#size, this.roots)
  }
}

/** Levels of the perfect subtrees of a tree of this size, highest first. */
export function perfectLevels(size: number): number[] {
  const levels: number[] = []
  let level = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) levels.unshift(level)
    level++
  }
  return levels
}
