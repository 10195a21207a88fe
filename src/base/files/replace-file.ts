// Replaces a file so that readers see the old content or the new, never a part; also after a power cut.
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { namingFile } from './name-file-in-error.ts'
import { readTextIfThere } from './read-text.ts'
import { syncToDisk } from './sync-to-disk.ts'

/**
 * Resolves when the new content is on disk. If it rejects before the rename, it removes the draft: a full disk needs the space, and it may
 * be part of a key. Callers must not replace the same file at the same time. `mode` applies whatever the process's umask is.
 */
export async function replaceFile(path: string, content: Buffer | string, mode = 0o600): Promise<void> {
  const draft = `${path}.new`
  try {
    await namingFile(draft, () => writeDraft(draft, content, mode))
    await rename(draft, path)
  } catch (err) {
    // A disk that accepts no changes keeps the draft; the reason of the failure matters more.
    await rm(draft, { force: true }).catch(() => undefined)
    throw err
  }
  await syncToDisk(dirname(path))
}

/** As replaceFile(), but skips a file with this content: a start on a full disk needs no space for unchanged files. */
export async function ensureFile(path: string, content: string, mode = 0o600): Promise<void> {
  if ((await readTextIfThere(path)) !== content) await replaceFile(path, content, mode)
}

async function writeDraft(draft: string, content: Buffer | string, mode: number): Promise<void> {
  const file = await open(draft, 'w', mode)
  try {
    await file.chmod(mode)
    await file.writeFile(content)
    // Before the rename: file systems may keep the rename but lose the content, which leaves an empty file.
    await file.sync()
  } finally {
    await file.close()
  }
}
