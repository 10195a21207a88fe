// Which nodes of a tree make the hash of a range of leaves, and the proofs of RFC 6962 section 2.1 as lists of ranges.

/** The perfect subtree of the leaves from `index * 2^level` on. */
export interface TreeNode {
  readonly level: number
  readonly index: number
}

/** Leaves `from` to `to`, without `to`. */
export interface LeafRange {
  readonly from: number
  readonly to: number
}

/** The largest power of 2 that is less than `count`. */
export function splitPoint(count: number): number {
  let half = 1
  while (half * 2 < count) half *= 2
  return half
}

/** The perfect subtrees that make the subtree of the range, left to right. `from` must be where a subtree of RFC 6962 can begin. */
export function nodesOf({ from, to }: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = []
  for (let at = from; at < to; ) {
    let width = 1
    let level = 0
    while (at % (width * 2) === 0 && at + width * 2 <= to) {
      width *= 2
      level++
    }
    nodes.push({ level, index: at / width })
    at += width
  }
  return nodes
}

/** PATH(index, D[size]): the subtrees beside the way from the leaf to the root, lowest first. Throws a RangeError for no leaf of the tree. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) throw new RangeError(`A tree of ${size} leaves has no leaf ${index}`)
  const ranges: LeafRange[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitPoint(to - from)
    if (index < middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
    }
  }
  return ranges
}

/** PROOF(old, D[size]). Empty for equal sizes and for an empty old tree. Throws a RangeError if the old tree is larger. */
export function consistencyRanges(old: number, size: number): LeafRange[] {
  if (!(Number.isSafeInteger(old) && old >= 0 && old <= size)) throw new RangeError(`A tree of ${size} leaves has no beginning of ${old}`)
  if (old === 0 || old === size) return []
  const ranges: LeafRange[] = []
  let from = 0
  let to = size
  // While the old tree is a whole subtree at the left edge, the verifier knows its hash.
  let known = true
  while (old < to) {
    const middle = from + splitPoint(to - from)
    if (old <= middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
      known = false
    }
  }
  return known ? ranges : [{ from, to }, ...ranges]
}
