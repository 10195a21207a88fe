// A file whose readers find the old content or the new, and never a part; also after a power cut.
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { namingFile } from './named-failure.ts'
import { syncToDisk } from './sync-to-disk.ts'

/** Resolves when the new content is on disk. Whoever replaces the same file does it one after the other. `mode` holds whatever the process's mask is. */
export async function replaceFile(path: string, content: Buffer | string, mode = 0o600): Promise<void> {
  const draft = `${path}.new`
  await namingFile(draft, async () => {
    const file = await open(draft, 'w', mode)
    try {
      await file.chmod(mode)
      await file.writeFile(content)
      // Before the rename: file systems may keep that and lose the content, which leaves an empty file.
      await file.sync()
    } finally {
      await file.close()
    }
  })
  await rename(draft, path)
  await syncToDisk(dirname(path))
}
