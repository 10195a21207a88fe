// Puts the folder of an OCI layout into one file, for networks that no cable leads to.
import { createReadStream } from 'node:fs'
import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { tarHeader, tarPadding } from '../tar/write-tar.ts'

/** Resolves when the archive is on disk: complete, or not at all. */
export async function writeArchive(folder: string, file: string, signal: AbortSignal): Promise<void> {
  const draft = `${file}.new`
  try {
    {
      await using handle = await open(draft, 'w', 0o644)
      // Readers that see a stream find the index before the blobs.
      const found = (await readdir(folder, { recursive: true })).sort()
      const paths = ['oci-layout', 'index.json', ...found.filter(path => path.startsWith('blobs'))]
      for (const path of paths) {
        signal.throwIfAborted()
        const { size, isDirectory } = await sizeOf(join(folder, path))
        await handle.writeFile(tarHeader({ path: isDirectory ? `${path}/` : path, mode: isDirectory ? 0o755 : 0o644 }, size))
        if (isDirectory) continue
        for await (const piece of createReadStream(join(folder, path), { signal })) await handle.writeFile(piece as Buffer)
        await handle.writeFile(tarPadding(size))
      }
      await handle.writeFile(Buffer.alloc(1024))
      await handle.sync()
    }
    await rename(draft, file)
  } catch (err) {
    await rm(draft, { force: true })
    throw err
  }
}

async function sizeOf(path: string): Promise<{ readonly size: number; readonly isDirectory: boolean }> {
  const found = await stat(path)
  return { size: found.isDirectory() ? 0 : found.size, isDirectory: found.isDirectory() }
}
