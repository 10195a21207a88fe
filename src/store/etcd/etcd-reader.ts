// Reads the store from etcd: everything at one revision, then each group of writes in order, each checked against its head.
import type { FollowedChange } from '../followed-change.ts'
import type { PlainRecord } from '../records/record.ts'
import { RecordDamaged } from '../records/seal.ts'
import type { EtcdClient } from './etcd-client.ts'
import { EtcdError } from './etcd-error.ts'
import { type EtcdHead, parseHead } from './etcd-head.ts'
import type { LogPosition } from './etcd-log.ts'
import { type FollowedRecord, groupOf } from './followed-group.ts'
import { type KeyNames, rangeEnd } from './key-names.ts'
import type { KeyValue, RangeResponse, WatchEvent, WatchRequest, WatchResponse } from './messages.ts'
import { openObject, openPieces } from './object-value.ts'
import { emptyChain, StoreChain, sameState } from './store-chain.ts'
import { tagOf, type ValueSeal } from './value-seal.ts'

export interface EtcdReaderOptions {
  readonly client: EtcdClient
  readonly names: KeyNames
  readonly seal: ValueSeal
  readonly chainKey: Buffer
  /** A version with pieces became the newest, or is no more. */
  markCut(place: string, pieces: string | undefined): void
}

export interface HeadAt {
  readonly head: EtcdHead
  /** The revision in etcd at which it was written. */
  readonly etcdRevision: number
}

/** What one transaction wrote. */
export interface WrittenGroup {
  readonly etcdRevision: number
  /** The sealed head: no two groups have the same. */
  readonly head: Buffer | undefined
  readonly events: readonly WatchEvent[]
}

/** Bytes of a page of objects, and the limits of its number. */
const pageBytes = 8 * 2 ** 20
const firstPage = 16
const maxPage = 2_000
const readMs = 20_000

export class EtcdReader {
  readonly #options: EtcdReaderOptions
  #chain: StoreChain
  #revision = 0
  #etcdRevision = 0

  constructor(options: EtcdReaderOptions) {
    this.#options = options
    this.#chain = new StoreChain(options.chainKey)
  }

  /** Up to where everything is read. */
  get position(): LogPosition {
    return { revision: this.#revision, etcdRevision: this.#etcdRevision, chain: this.#chain.state }
  }

  /** The head at an etcd revision (0: the newest), and etcd's own revision then. Undefined if nothing is stored yet. */
  async head(at: number, signal?: AbortSignal): Promise<{ readonly found: HeadAt | undefined; readonly etcdRevision: number }> {
    const { client, names, seal } = this.#options
    const { kvs, header } = await client.persist<RangeResponse>(
      'Range',
      { key: Buffer.from(names.head), revision: at },
      { timeoutMs: readMs, signal },
    )
    const [kv] = kvs
    const found = kv && { head: parseHead(seal.open(names.head, kv.value, 'the head of the store')), etcdRevision: kv.modRevision }
    return { found, etcdRevision: header.revision }
  }

  /** Calls `visit` for every object at an etcd revision whose head is known. Throws `RecordDamaged` unless they are what the head says. */
  async snapshot(at: number, found: HeadAt | undefined, visit: (record: PlainRecord) => void, signal?: AbortSignal): Promise<void> {
    const { client, names, chainKey } = this.#options
    const chain = new StoreChain(chainKey, { sum: 0n, link: found?.head.chain.link ?? emptyChain.link })
    const end = rangeEnd(names.objects)
    let key = Buffer.from(names.objects)
    let limit = firstPage
    for (let more = true; more; ) {
      const page = await client.persist<RangeResponse>('Range', { key, rangeEnd: end, revision: at, limit }, { timeoutMs: readMs, signal })
      let bytes = 0
      for (const kv of page.kvs) {
        bytes += kv.value.length
        const place = kv.key.toString()
        if (place === names.head) continue
        const { record } = await this.#open(place, kv, at)
        chain.add(place, record.revision)
        visit(record)
      }
      more = page.more
      key = Buffer.concat([page.kvs.at(-1)?.key ?? end, Buffer.of(0)])
      if (bytes > 0) limit = Math.max(1, Math.min(maxPage, Math.floor((pageBytes * page.kvs.length) / bytes)))
    }
    const expected = found?.head.chain ?? emptyChain
    if (!sameState(chain.state, expected))
      throw new RecordDamaged('The objects in etcd are not those that the servers wrote', 'Restore etcd from a snapshot')
    this.#chain = chain
    this.#revision = found?.head.revision ?? 1
    this.#etcdRevision = found?.etcdRevision ?? 0
  }

  /** This server wrote the group itself. */
  moveTo({ revision, etcdRevision, chain }: LogPosition): void {
    this.#chain = new StoreChain(this.#options.chainKey, chain)
    this.#revision = revision
    this.#etcdRevision = etcdRevision
  }

  /** Delivers what is written after the etcd revision `from`, until the signal or a fault that a new connection does not heal. */
  async follow(from: number, onGroup: (group: WrittenGroup) => void, signal: AbortSignal): Promise<void> {
    const { client, names } = this.#options
    let next = from + 1
    while (!signal.aborted) {
      using stream = client.open<WatchRequest, WatchResponse>('Watch')
      const stop = () => stream[Symbol.dispose]()
      signal.addEventListener('abort', stop, { once: true })
      try {
        const range = { key: Buffer.from(names.objects), rangeEnd: rangeEnd(names.objects) }
        stream.send({ createRequest: { ...range, startRevision: next, fragment: true } })
        for await (const events of groupsOf(stream)) {
          const etcdRevision = events[0]?.kv.modRevision ?? 0
          const head = events.find(({ kv }) => kv.key.toString() === names.head)?.kv.value
          onGroup({ etcdRevision, head, events })
          next = etcdRevision + 1
        }
      } catch (err) {
        if (signal.aborted) return
        if (!(err instanceof EtcdError) || err.fault !== 'unavailable') throw err
        // A cheap call chooses a member that answers.
        await client.persist('Range', { key: Buffer.from(names.head), keysOnly: true }, { timeoutMs: 10 * 60_000, signal })
      } finally {
        signal.removeEventListener('abort', stop)
      }
    }
  }

  /** Reads the group, checks that it follows the position, and moves there. Throws `RecordDamaged`. */
  async apply({ events }: WrittenGroup): Promise<readonly FollowedChange[]> {
    const { names, seal, markCut } = this.#options
    let head: EtcdHead | undefined
    let etcdRevision = 0
    const records: FollowedRecord[] = []
    for (const { type, kv } of events) {
      const place = kv.key.toString()
      if (type === 'DELETE') {
        if (place === names.head) throw new RecordDamaged('The head of the store was removed from etcd', 'Restore etcd from a snapshot')
        markCut(place, undefined)
      } else if (place === names.head) {
        head = parseHead(seal.open(place, kv.value, 'the head of the store'))
        etcdRevision = kv.modRevision
      } else records.push(await this.#open(place, kv, kv.modRevision))
    }
    if (head === undefined) throw new RecordDamaged('An object in etcd was changed without its servers', 'Restore etcd from a snapshot')
    const changes = groupOf(head, records, names, this.#chain, this.#revision)
    this.#revision = head.revision
    this.#etcdRevision = etcdRevision
    return changes
  }

  async #open(place: string, kv: KeyValue, at: number): Promise<FollowedRecord> {
    const { client, names, seal, markCut } = this.#options
    const opened = openObject(seal, place, kv.value)
    const tag = Buffer.from(tagOf(kv.value))
    if (opened.record !== undefined) {
      markCut(place, undefined)
      return { place, tag, record: opened.record }
    }
    const prefix = names.piecesOf(place, opened.piecesId)
    const pieces: Buffer[] = []
    for (let index = 0; index < opened.pieces; index++) {
      const { kvs } = await client.persist<RangeResponse>(
        'Range',
        { key: Buffer.from(`${prefix}${index}`), revision: at },
        { timeoutMs: readMs },
      )
      const [piece] = kvs
      if (piece === undefined) throw new RecordDamaged('etcd lost a piece of a large object', 'Restore etcd from a snapshot')
      pieces.push(piece.value)
    }
    markCut(place, prefix)
    return { place, tag, record: openPieces(seal, place, opened, pieces) }
  }
}

/** The events of one transaction each: etcd may send several of them together, and one in fragments. */
async function* groupsOf(responses: AsyncIterable<WatchResponse>): AsyncGenerator<readonly WatchEvent[]> {
  let events: WatchEvent[] = []
  for await (const { canceled, compactRevision, cancelReason, fragment, events: some } of responses) {
    if (compactRevision > 0) throw new EtcdError('compacted', `etcd has compacted revisions up to ${compactRevision}`)
    if (canceled) throw new EtcdError('unavailable', `etcd ended the watch: ${cancelReason}`)
    for (const event of some) {
      const last = events.at(-1)
      if (last !== undefined && last.kv.modRevision !== event.kv.modRevision) {
        yield events
        events = []
      }
      events.push(event)
    }
    if (!fragment && events.length > 0) {
      yield events
      events = []
    }
  }
}
