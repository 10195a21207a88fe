// The writer thread: only this thread uses the database file, seals and syncs, so that the server's event loop need not.
import { parentPort, workerData } from 'node:worker_threads'
import type { PackedRecords } from '../records/record.ts'
import type { ExpectedLog } from '../records/store-head.ts'
import { waitForRoom } from './handover.ts'
import { LogDatabase, type LogDatabaseOptions } from './log-database.ts'
import type { Failure, FreshKey, WriterData, WriterReply, WriterRequest } from './writer-protocol.ts'

/** SQLITE_FULL. After any other failure of a commit, the content of the disk is unknown. */
const diskFull = 13

const port = parentPort
if (port === null) throw new Error('The writer runs as a worker thread only')

const reply = (message: WriterReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

const { taken, ...options } = workerData as WriterData
const database = open(options)
/** The target of a running compaction; its steps run between commits. */
let compactTo = 0
let stepping = false
let closed = false

if (database !== undefined) {
  reply({ kind: 'opened', wrappedKeys: database.wrappedKeys(), floor: database.floor })
  port.on('message', (request: WriterRequest) => {
    try {
      handle(database, request)
    } catch (err) {
      reply({ kind: 'failed', failure: describe(err, false) })
    }
  })
}

function open(options: LogDatabaseOptions): LogDatabase | undefined {
  try {
    return new LogDatabase(options)
  } catch (err) {
    reply({ kind: 'failed', failure: describe(err, false) })
    return undefined
  }
}

function handle(db: LogDatabase, request: WriterRequest): void {
  switch (request.kind) {
    case 'load':
      for (const { id, key } of request.keys) db.addKey(id, Buffer.from(key))
      useKey(db, request.fresh)
      reply({ kind: 'loaded', restored: load(db, request.expected), head: db.head })
      break
    case 'append':
      append(db, request.records)
      break
    case 'rotate':
      rotate(db, request.fresh)
      break
    case 'compact':
      compactTo = Math.max(compactTo, request.floor)
      scheduleStep(db)
      break
    case 'close':
      closed = true
      db.close()
      reply({ kind: 'closed' })
      port?.close()
      break
  }
}

function load(db: LogDatabase, expected: ExpectedLog): boolean {
  let given = 0
  return db.load(records => {
    waitForRoom(taken, given++)
    reply({ kind: 'records', records }, [records.data, records.keys.buffer])
  }, expected)
}

function append(db: LogDatabase, records: PackedRecords): void {
  try {
    db.append(records)
  } catch (err) {
    reply({ kind: 'failed', failure: describe(err, codeOf(err) === diskFull && db.intact) })
    return
  }
  reply({ kind: 'appended', head: db.head })
}

/** On a full disk the old key stays in use. */
function rotate(db: LogDatabase, fresh: FreshKey): void {
  try {
    useKey(db, fresh)
  } catch (err) {
    if (codeOf(err) !== diskFull) throw err
    reply({ kind: 'rotated', done: false })
    return
  }
  reply({ kind: 'rotated', done: true })
}

function useKey(db: LogDatabase, { key, wrapped, keyEncryptionKey }: FreshKey): void {
  db.useKey(Buffer.from(key), Buffer.from(wrapped), keyEncryptionKey)
}

/** One step per turn of the event loop, so that an arrived commit goes first. */
function scheduleStep(db: LogDatabase): void {
  if (stepping) return
  stepping = true
  setImmediate(() => {
    stepping = false
    if (closed) return
    let more = false
    try {
      more = db.compactStep(compactTo)
    } catch (err) {
      // A full disk stops only this step; the next plan continues from the same floor.
      if (codeOf(err) !== diskFull) reply({ kind: 'failed', failure: describe(err, false) })
    }
    if (more) scheduleStep(db)
    else reply({ kind: 'compacted', floor: db.floor })
  })
}

function describe(err: unknown, retriable: boolean): Failure {
  return { message: err instanceof Error ? err.message : String(err), code: codeOf(err), retriable }
}

/** node:sqlite puts the result code into `errcode`; its low byte is the primary code. */
function codeOf(err: unknown): number | undefined {
  const code = err instanceof Error && 'errcode' in err ? err.errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}
