// The store of the bare server: the rows of a message in one transaction, synced to the disk before it is answered.
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

export type Row = readonly [key: string, value: Uint8Array]

const db = new DatabaseSync(workerData as string)
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE objects (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID')
const write = db.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?)')

parentPort?.on('message', (rows: readonly Row[]) => {
  db.exec('BEGIN')
  for (const [key, value] of rows) write.run(key, value)
  db.exec('COMMIT')
  parentPort?.postMessage(rows.length)
})
