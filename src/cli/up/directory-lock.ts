// The lock of a data directory: the kernel holds it for one process and releases it when that ends in any way.
import { closeSync, openSync } from 'node:fs'

/** Primary result code of SQLite for a lock that another connection holds. */
const busy = 5

/**
 * Undefined if another process holds it. Node has no file locks, but SQLite does; nothing is ever written into the file. A socket or a file
 * with a process id would not do: two processes that find one left behind could each remove the other's new one.
 */
export function lockFile(path: string): Disposable | undefined {
  // Only its owner may read it, because every reader could hold the lock.
  closeSync(openSync(path, 'a', 0o600))
  // Loaded only with the first lock: on Node 22 it prints a warning, and most commands lock nothing.
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
