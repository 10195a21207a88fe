// Hashes of a Merkle tree as RFC 6962 section 2.1 defines them: leaves and inner nodes have different prefixes.
import { hash } from 'node:crypto'

export const hashBytes = 32

/** Reused: every hash is computed before the next one begins. */
const leafScratch = Buffer.alloc(1 + hashBytes)
const nodeScratch = Buffer.alloc(1 + 2 * hashBytes, 1)

export const sha256 = (data: Buffer): Buffer => hash('sha256', data, 'buffer')

/** The root of a tree without leaves. */
export const emptyRoot: Buffer = sha256(Buffer.alloc(0))

/** Of an entry of any length. */
export function leafHash(entry: Buffer): Buffer {
  if (entry.length !== hashBytes) return sha256(Buffer.concat([leafScratch.subarray(0, 1), entry]))
  entry.copy(leafScratch, 1)
  return sha256(leafScratch)
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(nodeScratch, 1)
  right.copy(nodeScratch, 1 + hashBytes)
  return sha256(nodeScratch)
}
