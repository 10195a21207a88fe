// Creates a unix socket that others can never connect to before it has its mode, whatever the process's umask.
import { chmodSync } from 'node:fs'
import type { Server } from 'node:net'

/** Of its owner alone, or of its group too. */
export type SocketMode = 0o600 | 0o660

/**
 * Resolves when it listens. The bind happens inside `listen`, with a umask in force. That is the process's, so a thread may create a folder
 * at the same time: the umask takes no right from an owner, and the mode is set afterwards.
 */
export function listenOnSocket(server: Server, path: string, mode: SocketMode): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const before = process.umask(mode === 0o660 ? 0o007 : 0o077)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        try {
          chmodSync(path, mode)
          resolve()
        } catch (err) {
          reject(err)
        }
      })
    } finally {
      process.umask(before)
    }
  })
}
