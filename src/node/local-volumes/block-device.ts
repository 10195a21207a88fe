// The device of a block volume: a loop device of one file in the volume's content, which is encrypted as a folder's files are. A second loop
// device holds it open while pods may have it: whoever may open a loop device may also detach it, and its number would then be free for
// another volume, which the pod could read.
import { lstat, mkdir, readdir, realpath, rm, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { codeOf } from '../../base/user-error.ts'
import { reserveImage } from './image-file.ts'
import { ProgramFailed, type RunVolumeProgram } from './program.ts'
import type { VolumePlace } from './volume-place.ts'

const mebibyte = 2 ** 20
const loopMajor = 7
/** Journal, tables and what each backup of the superblock reserves for growth. */
const fixedBytes = 32 * mebibyte
/** Extents of the file, and the checksums of gocryptfs, which are 0.8 % of it. */
const sharePerHundred = 1

const deviceBytes = (bytes: number): number => Math.ceil(bytes / mebibyte) * mebibyte

/** What the file system around a block volume of this size needs. */
export const aroundBlock = (bytes: number): number =>
  deviceBytes(bytes) + fixedBytes + Math.ceil((deviceBytes(bytes) * sharePerHundred) / 100)

/** Makes the file, or makes it larger, in the open content: writes of pods never find it full. */
export async function reserveBlock({ block }: VolumePlace, bytes: number, run: RunVolumeProgram): Promise<void> {
  const { size } = await stat(block).catch((err: unknown) => {
    if (codeOf(err) === 'ENOENT') return { size: 0 }
    throw err
  })
  if (size < deviceBytes(bytes)) await reserveImage(block, deviceBytes(bytes), run)
}

/** The volume's device, attached and held; it may be there already. */
export async function attachDevice(place: VolumePlace, bytes: number, run: RunVolumeProgram): Promise<string> {
  await reserveBlock(place, bytes, run)
  const [known] = await loopsOf(await blockPath(place))
  const device = known ?? (await run('losetup', ['--find', '--show', '--', place.block])).trim()
  // Before a pod gets it.
  if ((await loopsOf(device)).length === 0) await run('losetup', ['--read-only', '--find', '--show', '--', device])
  return device
}

/** A volume without a device is success. */
export async function detachDevice(place: VolumePlace, run: RunVolumeProgram): Promise<void> {
  const path = await blockPath(place)
  for (const device of await loopsOf(path)) {
    for (const holder of await loopsOf(device)) await run('losetup', ['--detach', holder])
    try {
      await run('losetup', ['--detach', device])
    } catch (err) {
      // One that a pod has detached ends with its holder.
      if (!(err instanceof ProgramFailed) || (await loopsOf(path)).includes(device)) throw err
    }
  }
}

/** After its file system has grown. */
export async function growDevice(place: VolumePlace, bytes: number, run: RunVolumeProgram): Promise<void> {
  await reserveBlock(place, bytes, run)
  for (const device of await loopsOf(await blockPath(place))) await run('losetup', ['--set-capacity', device])
}

/** What was written to the device reaches the volume's file. */
export async function syncDevice(place: VolumePlace, run: RunVolumeProgram): Promise<void> {
  for (const device of await loopsOf(await blockPath(place))) await run('sync', ['--', device])
}

/** Whether there is a device at the path, and its content is this volume's. */
export async function isDeviceOf(path: string, place: VolumePlace): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isBlockDevice() !== true) return false
  const { major, minor } = numbersOf(found.rdev)
  return (await backingFile(`/sys/dev/block/${major}:${minor}`)) === (await blockPath(place))
}

/** Puts the device there for the runtime, which makes containers' devices like it. */
export async function makeDeviceNode(path: string, device: string, run: RunVolumeProgram): Promise<void> {
  const { major, minor } = numbersOf((await stat(device)).rdev)
  if (major !== loopMajor) throw new Error(`"${device}" is not a loop device`)
  await mkdir(dirname(path), { recursive: true, mode: 0o711 })
  await rm(path, { force: true })
  await run('mknod', ['--mode', '0660', path, 'b', String(major), String(minor)])
}

/** As the kernel names the volume's file, also while its content cannot be read. */
const blockPath = async ({ mountPoint, block }: VolumePlace): Promise<string> => {
  const mounts = dirname(mountPoint)
  return join(await realpath(mounts).catch(() => mounts), relative(mounts, block))
}

/** The loop devices of a file or device. */
async function loopsOf(path: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir('/sys/block'))
    if (name.startsWith('loop') && (await backingFile(join('/sys/block', name))) === path) found.push(join('/dev', name))
  return found
}

const backingFile = async (device: string): Promise<string | undefined> =>
  (await readTextIfThere(join(device, 'loop', 'backing_file')).catch(ignoreEnded))?.replace(/\n$/, '')

/** A device that ends meanwhile has no file. */
function ignoreEnded(err: unknown): undefined {
  if (codeOf(err) !== 'ENODEV' && codeOf(err) !== 'ENXIO') throw err
}

/** As glibc's major() and minor(), whose upper bits are not needed here. */
const numbersOf = (device: number): { readonly major: number; readonly minor: number } => ({
  major: (device >>> 8) & 0xfff,
  minor: (device & 0xff) | ((device >>> 12) & 0xfff00),
})
