// What a power cut must not take back: a file's content, or the names in a folder.
import { open } from 'node:fs/promises'
import { namingFile } from './name-file-in-error.ts'

/** Resolves when the content of the file, or the names that the folder holds, are on disk. A file that was made or renamed is found again only when its folder is synced too. */
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
