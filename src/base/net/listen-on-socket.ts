// Creates a unix socket with its mode from the first moment, whatever the process's umask.
import type { Server } from 'node:net'

/** Resolves when it listens. The bind happens inside `listen`, with `mask` in force. */
export function listenOnSocket(server: Server, path: string, mask: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const before = process.umask(mask)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
}
