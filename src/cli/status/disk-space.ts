// A disk that fills is said before the server refuses writes, and while it does.
import { statfsSync } from 'node:fs'

/** Bytes that are left when `bulkhead status` begins to call it a problem. */
export const lowDiskBytes = 64 << 20

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/** Undefined where enough is left. */
export function lowDisk(directory: string, free: number): string | undefined {
  if (free >= lowDiskBytes) return undefined
  return `The disk of the data directory "${directory}" has ${Math.floor(free / (1 << 20))} MiB left: when it is full, writes are refused and reads go on; free some space`
}
