// The file that holds a volume: its size is reserved, so that a full disk never breaks a volume, and a full volume never fills the disk.
import { chmod, mkdir, stat } from 'node:fs/promises'
import { isMountPoint } from '../machine/mount-table.ts'
import { ProgramFailed, type RunVolumeProgram } from './program.ts'
import type { VolumePlace } from './volume-place.ts'

const mebibyte = 2 ** 20
/** The smallest file system with a journal. */
const minImageBytes = 16 * mebibyte

export const imageBytes = (bytes: number, overhead: number): number =>
  Math.max(minImageBytes, Math.ceil(bytes / mebibyte) * mebibyte) + overhead

/** Makes the file, or makes it larger; an interrupted one is continued. */
export async function reserveImage(image: string, bytes: number, run: RunVolumeProgram): Promise<void> {
  await run('fallocate', ['--length', String(bytes), image])
  await chmod(image, 0o600)
}

/** Inodes take up to a sixteenth of a file system, and the journal a part of a small one: a block volume needs hardly any of both. */
const forOneFile = ['-b', '4096', '-i', '524288', '-J', 'size=4']

export async function formatExt4(
  device: string,
  features: readonly string[],
  run: RunVolumeProgram,
  files: 'many' | 'one' = 'many',
): Promise<void> {
  const enabled = features.length === 0 ? [] : ['-O', features.join(',')]
  // No blocks for root: the volume's user gets them all. Zeros that were reserved are not written again.
  await run('mkfs.ext4', [
    ...['-q', '-F', '-m', '0', ...enabled, ...(files === 'one' ? forOneFile : [])],
    ...['-E', 'lazy_itable_init=1,lazy_journal_init=1,nodiscard', device],
  ])
}

/** For a file system that is not mounted: it must be checked before. */
export async function growExt4(device: string, run: RunVolumeProgram): Promise<void> {
  try {
    await run('e2fsck', ['-f', '-p', device])
  } catch (err) {
    // Faults of a crash, which it has repaired.
    if (!(err instanceof ProgramFailed && err.code === 1)) throw err
  }
  await run('resize2fs', [device])
}

/** Mounts a file or device once. */
export async function mountExt4(
  { mountPoint }: VolumePlace,
  device: string,
  options: readonly string[],
  run: RunVolumeProgram,
): Promise<void> {
  await mkdir(mountPoint, { recursive: true, mode: 0o711 })
  if (await isMountPoint(mountPoint)) return
  await run('mount', ['-t', 'ext4', '-o', ['nosuid', 'nodev', ...options].join(','), '--', device, mountPoint])
}

/** Any user of a pod may write, as with `emptyDir`; a pod's fsGroup narrows it down. */
export async function makeContent(content: string): Promise<boolean> {
  const isNew = (await mkdir(content, { recursive: true, mode: 0o777 })) !== undefined
  if (isNew) await chmod(content, 0o777)
  return isNew
}

const tries = 20
const pauseMs = 100

/** A container that has just ended may hold it for a moment. What is held longer is detached, and freed when the last holder ends. */
export async function unmountPatiently(path: string, run: RunVolumeProgram): Promise<void> {
  for (let attempt = 1; await isMountPoint(path); attempt++) {
    const isLast = attempt >= tries
    try {
      await run('umount', [...(isLast ? ['-l'] : []), '--', path])
    } catch (err) {
      if (isLast || !(err instanceof ProgramFailed)) throw err
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
  }
}

/** The loop device of the image; undefined if it has none. */
export async function loopDevice(image: string, run: RunVolumeProgram): Promise<string | undefined> {
  const [device = ''] = (await run('losetup', ['--noheadings', '--output', 'NAME', '--associated', image])).split('\n')
  return device.trim() === '' ? undefined : device.trim()
}

/** The device sees the new size of its file. */
export async function resizeLoop(image: string, run: RunVolumeProgram): Promise<string> {
  const device = await loopDevice(image, run)
  if (device === undefined) throw new Error(`"${image}" has no loop device`)
  await run('losetup', ['--set-capacity', device])
  return device
}

export const sizeOf = async (image: string): Promise<number> => (await stat(image)).size
