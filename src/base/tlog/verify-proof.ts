// Verifies inclusion and consistency proofs of RFC 6962, by the algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2.
import { emptyRoot, hashBytes, nodeHash } from './hashes.ts'

/** A tree of 2^53 leaves needs no more. */
export const maxProofHashes = 63

const isHash = (hash: Buffer): boolean => hash.length === hashBytes
const isSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 0
const half = (value: number): number => Math.floor(value / 2)
const isOdd = (value: number): boolean => value % 2 === 1

/** Math.log2 rounds near large powers. */
function isPowerOfTwo(value: number): boolean {
  let rest = value
  while (rest > 1 && !isOdd(rest)) rest = half(rest)
  return rest === 1
}

/**
 * Walks from a node to the root of a tree whose last node on that level is `last`, with a hash for each level. `take` gets each with whether it
 * is that of the left node. False if there are too few hashes, or too many.
 */
function climb(from: number, lastNode: number, hashes: readonly Buffer[], take: (hash: Buffer, isLeft: boolean) => void): boolean {
  let [at, last] = [from, lastNode]
  for (const hash of hashes) {
    if (last === 0) return false
    const isLeft = isOdd(at) || at === last
    take(hash, isLeft)
    while (isLeft && !isOdd(at) && at !== 0) {
      at = half(at)
      last = half(last)
    }
    at = half(at)
    last = half(last)
  }
  return last === 0
}

export interface InclusionProof {
  readonly index: number
  readonly size: number
  readonly root: Buffer
  readonly hashes: readonly Buffer[]
}

/** Whether the leaf with this hash is at `index` in the tree with this root. Never throws. */
export function includes(leaf: Buffer, { index, size, root, hashes }: InclusionProof): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || hashes.length > maxProofHashes || ![leaf, root, ...hashes].every(isHash))
    return false
  let node = leaf
  const reachesRoot = climb(index, size - 1, hashes, (hash, isLeft) => {
    node = isLeft ? nodeHash(hash, node) : nodeHash(node, hash)
  })
  return reachesRoot && node.equals(root)
}

export interface ConsistencyProof {
  readonly oldSize: number
  readonly oldRoot: Buffer
  readonly size: number
  readonly root: Buffer
  readonly hashes: readonly Buffer[]
}

/** Whether the old tree is the beginning of the tree. Never throws. */
export function isConsistent({ oldSize, oldRoot, size, root, hashes }: ConsistencyProof): boolean {
  if (!isSize(oldSize) || !isSize(size) || oldSize > size || hashes.length > maxProofHashes) return false
  if (![oldRoot, root, ...hashes].every(isHash)) return false
  if (oldSize === 0) return hashes.length === 0 && oldRoot.equals(emptyRoot)
  if (oldSize === size) return hashes.length === 0 && oldRoot.equals(root)
  const [first, ...rest] = isPowerOfTwo(oldSize) ? [oldRoot, ...hashes] : hashes
  if (first === undefined) return false
  let at = oldSize - 1
  let last = size - 1
  while (isOdd(at)) {
    at = half(at)
    last = half(last)
  }
  let old = first
  let node = first
  const reachesRoot = climb(at, last, rest, (hash, isLeft) => {
    if (isLeft) old = nodeHash(hash, old)
    node = isLeft ? nodeHash(hash, node) : nodeHash(node, hash)
  })
  return reachesRoot && old.equals(oldRoot) && node.equals(root)
}
