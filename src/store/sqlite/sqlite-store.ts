// The store of one server: SQLite in a writer thread, everything sealed, all reads from memory.
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import type { Logger } from '../../base/log.ts'
import { CommitQueue } from '../commit-queue.ts'
import type { WindowLimits } from '../event-window.ts'
import { LargeObjects, type LargeObjectsOptions } from '../large/large-objects.ts'
import { OverflowFolder } from '../large/overflow-folder.ts'
import type { StoreMetrics } from '../metrics.ts'
import { defaultKeep, type KeepLimits } from '../records/compaction.ts'
import { HeadKeeper } from '../records/head-keeper.ts'
import type { StoreHead, StoreHeads } from '../records/store-head.ts'
import type { Sealer, Store } from '../store.ts'
import { Loader } from './loader.ts'
import { LogKeeper } from './log-keeper.ts'
import { Writer } from './writer.ts'
import type { FreshKey } from './writer-protocol.ts'

export interface SqliteStoreOptions {
  /** Created with mode 0700 if missing; contains store.db and its write-ahead log. */
  readonly directory: string
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: StoreMetrics
  /** How far back watches can resume, per resource. Default: 10,000 events, 16 MiB, 15 minutes. */
  readonly window?: Partial<WindowLimits>
  /** How much history the log keeps for restarts. Default: 15 minutes, 50,000 revisions. */
  readonly keep?: Partial<KeepLimits>
  /** See `Store.maxStoredBytes`. Default: no limit. */
  readonly maxStoredBytes?: number
  /** Limit of bytes of the event history of all resources, and of events that wait for readers of all watches. Default: 64 MiB each. */
  readonly pastBytes?: number
  readonly waitingBytes?: number
  /** The size from which an object is large, and how many bytes of large ones stay in memory. Default: 64 KiB, 32 MiB. */
  readonly large?: Pick<LargeObjectsOptions, 'fromBytes' | 'cacheBytes'>
  /** Quota of the database file in bytes. Writes beyond it are refused like on a full disk. */
  readonly maxBytes?: number
  /** Whether the directory contained a store before: then an empty one is refused, because its content was lost. Default: false. */
  readonly mustExist?: boolean
  /** Keeps the head of the log where nobody can restore it together with the store. Default: none. */
  readonly heads?: StoreHeads
  /** Accepts a store without the kept head: what came after it is lost. Default: false. */
  readonly acceptRestored?: boolean
  /** A new data key is used after this many records, each in a block of at least one. Default: 2³¹. */
  readonly recordsPerKey?: number
}

/**
 * Opens the store and loads all objects into memory. Rejects with a message for the operator if the directory is not writable, another
 * process uses it, it has another format, the sealer cannot unwrap the keys, or a record is damaged.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { clock, log, sealer, metrics, maxBytes, mustExist, heads } = options
  const file = await prepareDirectory(options.directory).catch((err: unknown) => {
    throw cannotOpen(err)
  })
  const head = await heads?.newest()
  if (options.acceptRestored === true && head !== undefined) await acceptRestored(file, head, options)
  let queue: CommitQueue | undefined
  let keeper: LogKeeper | undefined
  let loader: Loader | undefined
  const headKeeper = heads && new HeadKeeper({ keep: (kept, signal) => heads.keep(kept, signal), clock, log })
  const writer = new Writer({ file, maxBytes, mustExist }, () => clock.now(), {
    onRecords: records => loader?.add(records),
    onCompacted: floor => keeper?.compacted(floor),
    onRotated: done => keeper?.rotated(done),
    onHead: moved => headKeeper?.moved(moved),
    onFailure: err => queue?.fail(err),
  })
  try {
    const { floor, keys, fresh } = await keysOf(writer, sealer)
    keeper = new LogKeeper(writer, {
      ...{ clock, log, metrics, floor, recordsPerKey: options.recordsPerKey ?? 2 ** 31, headKeeper },
      freshKey: () => freshKey(sealer),
      keep: { ...defaultKeep, ...options.keep },
    })
    const { window, maxStoredBytes, pastBytes, waitingBytes } = options
    const large = new LargeObjects({ folder: new OverflowFolder(join(options.directory, 'large')), log, ...options.large })
    queue = new CommitQueue({
      clock,
      log,
      metrics,
      ...{ window, maxStoredBytes, pastBytes, waitingBytes },
      large,
      commitLog: keeper,
      revision: floor,
      oldestRevision: floor,
    })
    loader = new Loader(queue, keeper, floor)
    const loaded = await writer.load(keys, fresh, { head, accept: false })
    const { revision } = loaded.head
    queue.loaded(revision)
    headKeeper?.moved(loaded.head)
    keeper.start(revision)
    log.info('store opened', { revision, objects: queue.status().objects, dataKeys: keys.length + 1 })
    return queue
  } catch (err) {
    await writer.abandon()
    throw cannotOpen(err)
  }
}

async function keysOf(writer: Writer, sealer: Sealer) {
  const [{ wrappedKeys, floor }, fresh] = await Promise.all([writer.opened(), freshKey(sealer)])
  const keys = await Promise.all(
    wrappedKeys.map(async ({ id, wrapped }) => ({ id, key: await sealer.unwrapDataKey(Buffer.from(wrapped)) })),
  )
  return { floor, keys, fresh }
}

/** In a separate run, so that the next load begins at the raised revision. */
async function acceptRestored(
  file: string,
  head: StoreHead,
  { sealer, clock, log, maxBytes, mustExist }: SqliteStoreOptions,
): Promise<void> {
  const ignore = () => undefined
  const writer = new Writer({ file, maxBytes, mustExist }, () => clock.now(), {
    ...{ onRecords: ignore, onCompacted: ignore, onRotated: ignore, onHead: ignore },
    onFailure: err => log.error('store writer failed', { err }),
  })
  try {
    const { keys, fresh } = await keysOf(writer, sealer)
    const loaded = await writer.load(keys, fresh, { head, accept: true })
    await writer.close()
    if (loaded.restored)
      log.error('restored store accepted: later writes are lost', {
        revision: loaded.head.revision,
        lost: head.revision,
      })
  } catch (err) {
    await writer.abandon()
    throw cannotOpen(err)
  }
}

function cannotOpen(err: unknown): Error {
  const code = err instanceof Error && 'code' in err ? err.code : undefined
  const hint = code === 'EACCES' || code === 'EPERM' ? '. The user of the server must be able to write to it' : ''
  return new Error(`Cannot open the store: ${err instanceof Error ? err.message : String(err)}${hint}`, { cause: err })
}

async function freshKey(sealer: Sealer): Promise<FreshKey> {
  const { id, key, wrapped } = await sealer.newDataKey()
  return { key, wrapped, keyEncryptionKey: id }
}

/** SQLite gives its other files the mode of the first. */
async function prepareDirectory(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'store.db')
  const handle = await open(file, 'a', 0o600)
  await handle.close()
  // SQLite syncs its files; the directories must be synced so that a power loss does not lose their names.
  await syncToDisk(directory)
  await syncToDisk(dirname(directory))
  return file
}
