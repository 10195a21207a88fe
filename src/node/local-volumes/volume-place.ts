// Where a volume is on the node: its folder, and where it is mounted.
import { join } from 'node:path'
import { isVolumeName } from '../../base/crypto/volume-key-request.ts'

export interface VolumePlace {
  readonly name: string
  /** The only one that remains when the volume is not mounted. */
  readonly folder: string
  /** A file system, or an encrypted device, of the volume's size: its quota. */
  readonly image: string
  /** What the volume is; written last, so that a folder without it is an unfinished one. */
  readonly record: string
  /** The image's file system. */
  readonly mountPoint: string
  /** What pods see. */
  readonly content: string
  /** The content of a block volume: what its device reads and writes. */
  readonly block: string
  /** Name of the device of an encrypted image. */
  readonly mapping: string
}

export interface VolumeFolders {
  readonly volumes: string
  readonly mounts: string
  /** Distinguishes devices of several nodes on one machine. */
  readonly nodeId: string
}

/** Throws for a name that is not that of a folder. */
export function volumePlace({ volumes, mounts, nodeId }: VolumeFolders, name: string): VolumePlace {
  if (!isVolumeName(name)) throw new Error(`"${name}" is not the name of a volume`)
  const folder = join(volumes, name)
  const mountPoint = join(mounts, name)
  return {
    ...{ name, folder, mountPoint },
    image: join(folder, 'image'),
    record: join(folder, 'volume.json'),
    content: join(mountPoint, 'data'),
    block: join(mountPoint, 'data', 'block'),
    mapping: `bulkhead-${nodeId}-${name}`,
  }
}
