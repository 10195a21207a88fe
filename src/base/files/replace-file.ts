// A file whose readers find the old content or the new, and never a part; also after a power cut.
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { namingFile } from './name-file-in-error.ts'
import { readTextIfThere } from './read-text.ts'
import { syncToDisk } from './sync-to-disk.ts'

/**
 * Resolves when the new content is on disk. Where it rejects before the new one has its name, nothing of that stays: a disk that is full needs the
 * room, and it may be half of a key. Whoever replaces the same file does it one after the other. `mode` holds whatever the process's mask is.
 */
export async function replaceFile(path: string, content: Buffer | string, mode = 0o600): Promise<void> {
  const draft = `${path}.new`
  try {
    await namingFile(draft, () => writeDraft(draft, content, mode))
    await rename(draft, path)
  } catch (err) {
    // A disk that takes no change at all keeps it; why the draft failed matters more.
    await rm(draft, { force: true }).catch(() => undefined)
    throw err
  }
  await syncToDisk(dirname(path))
}

/** As replaceFile(), and leaves a file alone that says this already: a start on a full disk needs no room for what is there. */
export async function ensureFile(path: string, content: string, mode = 0o600): Promise<void> {
  if ((await readTextIfThere(path)) !== content) await replaceFile(path, content, mode)
}

async function writeDraft(draft: string, content: Buffer | string, mode: number): Promise<void> {
  const file = await open(draft, 'w', mode)
  try {
    await file.chmod(mode)
    await file.writeFile(content)
    // Before the rename: file systems may keep that and lose the content, which leaves an empty file.
    await file.sync()
  } finally {
    await file.close()
  }
}
