// A file whose readers find the old content or the new, and never a part.
import { rename, writeFile } from 'node:fs/promises'

/** Whoever replaces the same file does it one after the other. `mode` is that of the new one, less the process's mask. */
export async function replaceFile(path: string, content: string, mode = 0o600): Promise<void> {
  await writeFile(`${path}.new`, content, { mode })
  await rename(`${path}.new`, path)
}
