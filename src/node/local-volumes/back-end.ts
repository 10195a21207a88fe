// One way to keep the content of a volume, encrypted or in clear. Each step may be repeated after a crash in the middle of it.
import type { RunVolumeProgram } from './program.ts'
import type { VolumePlace } from './volume-place.ts'

export interface BackEnd {
  /** Also in the status of a LocalVolume: `luks`, `fscrypt`, `gocryptfs` or `none`. */
  readonly name: string
  /** What the image needs beyond the volume's size. */
  readonly overheadBytes: number
  /** Debian packages of its programs, for a message to the administrator. */
  readonly packages: string
  /** Why this machine cannot have it, if that is known without a trial. */
  impossible?(): Promise<string | undefined>
  /** Makes the image a file system, in the place's image, with room for many files or for one. `key` has 64 bytes. */
  format(place: VolumePlace, key: Buffer, run: RunVolumeProgram, files?: 'many' | 'one'): Promise<void>
  /** Mounts it so that `place.content` is a folder that can be read and written. */
  open(place: VolumePlace, key: Buffer, run: RunVolumeProgram): Promise<void>
  /** Whether the content can be read now, without a key. */
  isOpen(place: VolumePlace, run: RunVolumeProgram): Promise<boolean>
  /** Unmounts it, and takes the key out of the kernel or ends the process that has it. One that is not open is success. */
  close(place: VolumePlace, run: RunVolumeProgram): Promise<void>
  /** Makes the open file system as large as the image; needs the kernel's permission for that (CAP_SYS_RESOURCE). */
  grow(place: VolumePlace, key: Buffer, run: RunVolumeProgram): Promise<void>
  /** The same while it is closed. */
  growClosed(place: VolumePlace, key: Buffer, run: RunVolumeProgram): Promise<void>
}
