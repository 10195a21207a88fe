// Copies the image of a volume at one point in time: a volume that is mounted is frozen for it, so that the copy is a clean file system with
// everything that was written before. Applications see a write that takes longer, and no error.
import { isMountPoint } from '../machine/mount-table.ts'
import type { RunVolumeProgram } from './program.ts'
import type { VolumePlace } from './volume-place.ts'

/** How long writes of pods may wait. Without reflinks, the copy of a mounted volume has to be done in this time. */
export const maxFreezeMs = 60_000
/** For a volume that nobody uses. */
const maxCopyMs = 3_600_000

/**
 * One process that also thaws, so that an agent that is killed leaves no frozen volume. It prints `shared` if the file system shares the blocks
 * of both files until one is written, and `copied` otherwise.
 */
const script = `
if [ -n "$1" ]; then
  fsfreeze --freeze "$1" || exit 1
  trap 'fsfreeze --unfreeze "$1"' EXIT
  trap 'exit 1' TERM INT HUP
fi
if cp --reflink=always -- "$2" "$3" 2>/dev/null; then
  echo shared
else
  cp --reflink=never --sparse=always -- "$2" "$3" && echo copied
fi
`

/** `target`: a file that does not exist. Resolves with whether blocks are shared. Rejects if it takes too long; the source is thawed then. */
export async function copyImage(source: VolumePlace, target: string, run: RunVolumeProgram): Promise<boolean> {
  const frozen = (await isMountPoint(source.mountPoint)) ? source.mountPoint : ''
  const timeoutMs = frozen === '' ? maxCopyMs : maxFreezeMs
  try {
    const output = await run('sh', ['-c', script, 'sh', frozen, source.image, target], undefined, timeoutMs)
    return output.trim() === 'shared'
  } catch (cause) {
    if (frozen !== '') await thaw(frozen, run)
    throw cause
  }
}

/** What is not frozen is success. */
export async function thaw(mountPoint: string, run: RunVolumeProgram): Promise<void> {
  // It fails with EINVAL for a file system that is not frozen, which cannot be distinguished by its exit code.
  await run('fsfreeze', ['--unfreeze', mountPoint]).catch(() => undefined)
}
