// The store of one or several servers: etcd v3 over mutual TLS, everything sealed, all reads from memory.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { CommitQueue } from '../commit-queue.ts'
import { StoredEntry } from '../entry.ts'
import type { WindowLimits } from '../event-window.ts'
import { LargeObjects, type LargeObjectsOptions } from '../large/large-objects.ts'
import { OverflowFolder } from '../large/overflow-folder.ts'
import type { StoreMetrics } from '../metrics.ts'
import { keyOf } from '../ordered-slots.ts'
import type { KeepLimits } from '../records/compaction.ts'
import { HeadKeeper } from '../records/head-keeper.ts'
import { HeadSearch, restoredGap, type StoreHeads } from '../records/store-head.ts'
import type { Sealer, Store } from '../store.ts'

import { Compactor, etcdKeep } from './compactor.ts'
import { type EtcdAddress, EtcdClient } from './etcd-client.ts'
import { EtcdError } from './etcd-error.ts'
import { EtcdLog } from './etcd-log.ts'
import { EtcdReader, type HeadAt } from './etcd-reader.ts'
import { Follower } from './follower.ts'
import { Freshness } from './freshness.ts'
import { defaultPrefix, KeyNames } from './key-names.ts'
import { openMarker } from './marker.ts'
import { askMembers, requireUsable } from './members.ts'
import { removeOrphans } from './orphan-pieces.ts'
import { SpaceWatch } from './space-watch.ts'
import { derived, ValueSeal } from './value-seal.ts'
import { WriteRight, type WriterIdentity } from './write-right.ts'

export interface EtcdStoreOptions {
  readonly etcd: EtcdAddress
  /** What distinguishes this cluster from others: a digest of its authority. */
  readonly cluster: string
  readonly identity: WriterIdentity
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: StoreMetrics
  /** Default: `/bulkhead/`. Ends with a slash. */
  readonly prefix?: string
  /** See `SqliteStoreOptions`. */
  readonly window?: Partial<WindowLimits>
  readonly keep?: Partial<KeepLimits>
  readonly maxStoredBytes?: number
  readonly pastBytes?: number
  readonly waitingBytes?: number
  /** For large objects in memory; without it all stay there. Created with mode 0700 if missing. */
  readonly directory?: string
  readonly large?: Pick<LargeObjectsOptions, 'fromBytes' | 'cacheBytes'>
  readonly mustExist?: boolean
  readonly heads?: StoreHeads
  readonly acceptRestored?: boolean
  /** Refuses to open while another server is registered. */
  readonly mustBeAlone?: boolean
  /** Waits for etcd until the signal, instead of 20 s. */
  readonly waits?: boolean
  readonly signal?: AbortSignal
}

/** How long a start waits for etcd, as after both were restarted together. */
const startMs = 20_000
const retryMs = 250

/**
 * Opens the store and loads all objects into memory; other servers may have it open too. Rejects with a message for the operator if etcd
 * does not answer, has another version, or holds data of another cluster, under another encryption key, or that was changed.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const client = new EtcdClient(options.etcd)
  try {
    return await open(client, options)
  } catch (err) {
    client[Symbol.dispose]()
    if (options.signal?.aborted) throw options.signal.reason
    if (err instanceof UserError) throw err
    throw new Error(`Cannot open the store: ${messageOf(err)}`, { cause: err })
  }
}

async function open(client: EtcdClient, options: EtcdStoreOptions): Promise<Store> {
  const { clock, log, metrics, sealer, heads, cluster, signal, identity } = options
  const prefix = options.prefix ?? defaultPrefix
  await usable(client, options)
  const dataKeys = await openMarker({ client, prefix, cluster, sealer, mustExist: options.mustExist ?? false })
  const [{ key: rootKey }] = dataKeys
  const none = new Uint8Array(0)
  const names = new KeyNames(derived(rootKey, none, 'etcd names'), prefix)
  const chainKey = derived(rootKey, none, 'etcd chain')
  const seal = new ValueSeal(dataKeys)
  const right = new WriteRight({
    ...{ client, prefix, identity, clock, log },
    onShared: () => follower.start(),
    onAlone: async () => {
      await follower.reached((await reader.head(0)).found?.etcdRevision ?? 0)
      await follower.stop()
    },
  })
  const compactor = new Compactor({ client, prefix, clock, log, metrics, keep: { ...etcdKeep, ...options.keep } })
  const space = new SpaceWatch({ client, clock, log })
  const headKeeper = heads && new HeadKeeper({ keep: (kept, until) => heads.keep(kept, until), clock, log })
  const reader = new EtcdReader({ client, names, seal, chainKey, markCut: (place, pieces) => commitLog.markCut(place, pieces) })
  const moved = (bytes: number) => {
    const { revision, etcdRevision, chain } = reader.position
    compactor.written(etcdRevision, bytes)
    if (isOpen) headKeeper?.moved({ revision, digest: chain.link })
    else search.reached(revision, chain.link)
  }
  const follower: Follower = new Follower({
    reader,
    onChanges: (changes, bytes) => {
      // Without changes: another server continues far above, after it accepted a restored store.
      if (changes.length === 0) queue.raise(reader.position.revision)
      else queue.follow(changes)
      moved(bytes)
    },
    onFailed: err => queue.fail(err),
  })
  const freshness = new Freshness({ client, names, reader, follower, right, clock })
  const commitLog: EtcdLog = new EtcdLog({
    ...{ client, names, seal, chainKey, right, follower, reader, freshness, clock, log },
    size: () => space.bytes,
    advice: () => space.alarm,
    onWritten: (_position, bytes) => moved(bytes),
    onClose: async () => {
      await Promise.all([compactor.close(), space.close(), headKeeper?.close(), follower.close()])
      await right.close()
      client[Symbol.dispose]()
    },
  })
  let isOpen = false
  const kept = await heads?.newest()
  const search = new HeadSearch(kept)
  const { at, found } = await start(reader, await compactor.floor(signal), signal)
  const floor = found?.head.revision ?? 1
  search.sealedAt(floor, found?.head.chain.link ?? Buffer.alloc(32))
  const { window, maxStoredBytes, pastBytes, waitingBytes, directory } = options
  const large = directory === undefined ? undefined : new LargeObjects({ folder: new OverflowFolder(directory), log, ...options.large })
  const queue: CommitQueue = new CommitQueue({
    ...{ clock, log, metrics, window, maxStoredBytes, pastBytes, waitingBytes, large, commitLog, revision: floor, oldestRevision: floor },
    subject: 'etcd',
    secretFor: purpose => derived(rootKey, none, purpose),
  })
  try {
    await reader.snapshot(
      at,
      found,
      ({ revision, header: { groupResource, namespace, name, labels, extraFields, fieldsVersion }, bytes }) => {
        const entry = new StoredEntry({ namespace, name, revision, bytes, labels, extraFields, large })
        queue.cache(groupResource).loadState(keyOf(namespace, name), entry, fieldsVersion)
      },
      signal,
    )
    queue.loaded(floor)
    follower.start(at)
    await follower.reached((await reader.head(0, signal)).found?.etcdRevision ?? 0, signal)
    await joined(right, options)
  } catch (err) {
    await queue[Symbol.asyncDispose]().catch((closing: unknown) => log.debug('cannot close the store', { err: closing }))
    throw err
  }
  const problem = search.problem(queue.revision)
  if (problem !== undefined) {
    if (options.acceptRestored !== true || !right.isAlone) {
      await queue[Symbol.asyncDispose]()
      throw options.acceptRestored === true ? new UserError(`${messageOf(problem)}. Stop all other servers first`) : problem
    }
    const raised = Math.max(queue.revision, kept?.revision ?? 0) + restoredGap
    await commitLog.raise(raised)
    queue.raise(raised)
    log.error('restored store accepted: later writes are lost', { revision: raised, lost: kept?.revision })
  }
  isOpen = true
  if (right.isAlone) await removeOrphans(client, names, commitLog.cutObjects)
  compactor.start()
  space.start()
  log.info('store opened', { revision: queue.revision, objects: queue.status().objects, etcd: client.endpoint })
  return queue
}

/** Waits for etcd for a while, and throws `UserError` if it is of no use. */
async function usable(client: EtcdClient, { clock, signal, waits }: EtcdStoreOptions): Promise<void> {
  const until = waits === true ? Number.POSITIVE_INFINITY : clock.monotonic() + startMs
  for (;;) {
    try {
      return requireUsable(await askMembers(client, 3_000, signal))
    } catch (err) {
      if (signal?.aborted) throw signal.reason
      if (!(err instanceof UserError) || clock.monotonic() > until || !/^No etcd member answers|^etcd has no leader/.test(err.message))
        throw err
      await clock.sleep(retryMs, signal)
    }
  }
}

/** Where reading starts: at the last compaction, so that watches resume across a start; else at the newest revision. */
async function start(
  reader: EtcdReader,
  floor: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly at: number; readonly found: HeadAt | undefined }> {
  if (floor > 0) {
    try {
      return { at: floor, found: (await reader.head(floor, signal)).found }
    } catch (err) {
      if (!(err instanceof EtcdError) || err.fault !== 'compacted') throw err
    }
  }
  const { found, etcdRevision } = await reader.head(0, signal)
  return { at: etcdRevision, found }
}

/** A server that starts outlives an election and a restart of etcd. */
async function joined(right: WriteRight, { clock, log, signal, mustBeAlone = false }: EtcdStoreOptions): Promise<void> {
  for (;;) {
    try {
      await right.join(signal)
      break
    } catch (err) {
      if (!(err instanceof EtcdError) || (err.fault !== 'unavailable' && err.fault !== 'busy')) throw err
      log.debug('etcd does not say who may write', { err })
    }
    await clock.sleep(retryMs, signal)
  }
  if (!mustBeAlone || right.isAlone) return
  const [other] = await right.others(signal)
  throw new UserError(`The server at ${other?.address ?? 'another address'} uses this etcd. Stop all servers first`)
}
