// Protects a file's content, or the names in a folder, from a power cut.
import { open } from 'node:fs/promises'
import { namingFile } from './name-file-in-error.ts'

/** Resolves when the content of the file, or the names in the folder, are on disk. A new or renamed file survives only if its folder is synced too. */
export async function syncToDisk(path: string): Promise<void> {
  await namingFile(path, async () => {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  })
}
