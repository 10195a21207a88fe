// How much room the volumes that pods use have. A file system is the volume's own: the path of an encrypted one may be a process that does not answer.
import { stat, statfs } from 'node:fs/promises'
import { codeOf } from '../../base/user-error.ts'
import type { VolumeStats, VolumeUsage } from '../usage/volume-metrics.ts'
import type { PodClaim } from '../volumes/pod-volumes.ts'
import type { VolumePlace } from './volume-place.ts'

/** Undefined for a volume that was unmounted meanwhile. */
export async function roomOf(place: VolumePlace, claim: PodClaim, isBlock: boolean): Promise<VolumeStats | undefined> {
  try {
    return { ...claim, usage: isBlock ? [{ unit: 'BYTES', total: (await stat(place.block)).size }] : await usageOf(place.mountPoint) }
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
}

async function usageOf(path: string): Promise<readonly VolumeUsage[]> {
  const { bsize, blocks, bavail, bfree, files, ffree } = await statfs(path)
  return [
    { unit: 'BYTES', total: blocks * bsize, available: bavail * bsize, used: (blocks - bfree) * bsize },
    { unit: 'INODES', total: files, available: ffree, used: files - ffree },
  ]
}
