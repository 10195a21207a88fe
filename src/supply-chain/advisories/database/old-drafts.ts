// Removes what killed imports left: a draft has up to some gigabytes, and has a new name at each import.
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** The longest import takes minutes: a younger draft may be of one that runs. */
export const draftMs = 86_400_000

const form = /^\.[a-z0-9-]{1,63}\.[0-9a-f]{16}\.new(?:-journal)?$/

/** `now` in milliseconds since the epoch. The folder must exist. */
export function removeOldDrafts(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    if (!form.test(name)) continue
    const path = join(folder, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats?.isFile() === true && now - stats.mtimeMs > draftMs) rmSync(path, { force: true })
  }
}
