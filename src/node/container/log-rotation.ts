// Limits a container's log to 5 files of 10 MiB, upstream's defaults.
import { chmod, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface RotationLimits {
  readonly bytes: number
  readonly files: number
}

export const defaultRotation: RotationLimits = { bytes: 10 * 1024 * 1024, files: 5 }

/** Rotates the log if it is too big: drops the oldest file, renames the log, asks the runtime to reopen it. Resolves with whether it did. */
export async function rotateLog(path: string, limits: RotationLimits, now: number, reopen: () => Promise<void>): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (!found || found.size <= limits.bytes) return false
  // With milliseconds: a busy log may be rotated several times a second.
  const stamp = new Date(now).toISOString().replace(/[-:Z]/g, '').replace('T', '-')
  const rotated = `${path}.${stamp}`
  // Excludes the current file and the one before. Done first: on a full disk, a new file needs the space of an old one.
  const name = basename(path)
  const old = (await readdir(dirname(path))).filter(other => other.startsWith(`${name}.`)).sort()
  for (const other of old.slice(0, Math.max(0, old.length - (limits.files - 2)))) await rm(join(dirname(path), other))
  await rename(path, rotated)
  try {
    await reopen()
  } catch (err) {
    // The runtime still writes to the renamed file: restore its name, or its output would be lost.
    await rename(rotated, path)
    throw err
  }
  // A runtime that has not opened the new file yet creates it with its own mode.
  await chmod(path, 0o640).catch(() => undefined)
  return true
}
