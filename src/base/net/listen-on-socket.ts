// A unix socket whose mode is its own from its first moment, whatever mask the process was started with.
import type { Server } from 'node:net'

/** Resolves when it listens. The bind happens inside `listen`: `mask` holds around it. */
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
