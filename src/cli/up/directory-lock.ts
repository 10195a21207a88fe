// The lock of a data directory: held by the kernel for one process, and free again when that ends, however it ends.
import { closeSync, openSync } from 'node:fs'

/** SQLite's primary result code for a lock that another connection has. */
const busy = 5

/**
 * Undefined where another process has it. Node itself offers no lock on a file, SQLite does; nothing is ever written into the file. A socket
 * or a file with a process id would not do: of two that find one left behind by a killed process, each may remove the other's new one.
 */
export function lockFile(path: string): Disposable | undefined {
  // For its owner alone: whoever may read the file could hold the lock.
  closeSync(openSync(path, 'a', 0o600))
  // Loaded with the first lock: on Node 22 it warns that it is experimental, and most commands lock nothing.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const db = new DatabaseSync(path)
  try {
    db.exec('BEGIN EXCLUSIVE')
  } catch (err) {
    db.close()
    if (err instanceof Error && 'errcode' in err && err.errcode === busy) return undefined
    throw err
  }
  return { [Symbol.dispose]: () => db.close() }
}
