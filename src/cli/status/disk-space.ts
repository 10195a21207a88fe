// Warns of a nearly full disk before the server refuses writes, and while it does.
import { statfsSync } from 'node:fs'

/** Free bytes below which `bulkhead status` reports a problem. */
export const lowDiskBytes = 64 << 20

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/** Undefined if enough space is left. */
export function lowDisk(directory: string, free: number): string | undefined {
  if (free >= lowDiskBytes) return undefined
  return `The disk of the data directory "${directory}" has ${Math.floor(free / (1 << 20))} MiB left. When it is full, writes are refused and reads still work: free some space`
}
