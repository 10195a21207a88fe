// Makes groups of writes durable in etcd: each group is one transaction, compared with the head before it and with who may write.
import type { Clock } from '../../base/clock.ts'
import { pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { type CommitLog, Overtaken } from '../commit-log.ts'
import { WriteFailed } from '../store.ts'
import type { DecidedWrite } from '../watch-cache.ts'
import type { EtcdClient } from './etcd-client.ts'
import { EtcdError } from './etcd-error.ts'
import { type Gone, headText } from './etcd-head.ts'
import type { EtcdReader } from './etcd-reader.ts'
import { goneTag } from './followed-group.ts'
import type { Follower } from './follower.ts'
import type { Freshness } from './freshness.ts'
import { type KeyNames, rangeEnd } from './key-names.ts'
import type { KeyValue, RangeResponse, TxnResponse } from './messages.ts'
import { pieceBytes, sealObject } from './object-value.ts'
import { type ChainState, StoreChain } from './store-chain.ts'
import { tagOf, type ValueSeal } from './value-seal.ts'
import type { WriteRight } from './write-right.ts'

/** etcd's default limits are 128 operations (--max-txn-ops) and 1.5 MiB (--max-request-bytes); a deletion may take two operations. */
const maxWrites = 60
const maxGroupBytes = pieceBytes
const recordOverhead = 1024
/** How long one attempt may take before another member is asked. */
const attemptMs = 2_000
const retryMs = 200

export interface LogPosition {
  readonly revision: number
  /** The head's revision in etcd; 0 if there is none yet. */
  readonly etcdRevision: number
  readonly chain: ChainState
}

export interface EtcdLogOptions {
  readonly client: EtcdClient
  readonly names: KeyNames
  readonly seal: ValueSeal
  readonly chainKey: Buffer
  readonly right: WriteRight
  readonly follower: Follower
  readonly freshness: Freshness
  /** Its position is where the next group follows. */
  readonly reader: EtcdReader
  readonly clock: Clock
  readonly log: Logger
  /** A group is durable. */
  onWritten(position: LogPosition, bytes: number): void
  onClose(): Promise<void>
  /** Bytes of etcd's file. */
  size(): number
  advice(): string | undefined
}

type Operation = { readonly requestPut: object } | { readonly requestDeleteRange: object }

interface Group {
  readonly operations: readonly Operation[]
  readonly head: Buffer
  readonly position: LogPosition
  /** Where pieces of its large objects are. */
  readonly pieces: readonly string[]
}

export class EtcdLog implements CommitLog {
  readonly #options: EtcdLogOptions
  readonly #closing = new AbortController()
  /** Where the pieces of large objects are, by the key of the object. */
  readonly #cut = new Map<string, string>()

  constructor(options: EtcdLogOptions) {
    this.#options = options
  }

  /** Whether this server may be cut off, because etcd does not answer. */
  get isUncertain(): boolean {
    return !this.#options.right.isCertain
  }

  get bytes(): number {
    return this.#options.size()
  }

  get advice(): string | undefined {
    return this.#options.advice()
  }

  /** A version with pieces became the newest, or is no more. */
  markCut(place: string, pieces: string | undefined): void {
    if (pieces === undefined) this.#cut.delete(place)
    else this.#cut.set(place, pieces)
  }

  get cutObjects(): ReadonlyMap<string, string> {
    return this.#cut
  }

  /** etcd refuses a key twice in one transaction. */
  take(waiting: readonly DecidedWrite[]): number {
    const seen = new Set<string>()
    let bytes = 0
    const end = waiting.findIndex(({ cache, key, entry, type }, index) => {
      const id = `${cache.groupResource}/${key}`
      bytes += recordOverhead + (type === 'DELETED' ? 0 : entry.byteLength)
      const fits = index < maxWrites && bytes <= maxGroupBytes && !seen.has(id)
      seen.add(id)
      return index > 0 && !fits
    })
    return end < 0 ? waiting.length : end
  }

  /** Whether others may write, so that what a client saw elsewhere comes in a moment. */
  get followsOthers(): boolean {
    return !this.#options.right.isAlone
  }

  fresh(signal?: AbortSignal): Promise<void> | undefined {
    return this.#options.freshness.fresh(signal)
  }

  hold(): Promise<void> | undefined {
    return this.#options.follower.hold()
  }

  release(): void {
    this.#options.follower.release()
  }

  async append(writes: readonly DecidedWrite[]): Promise<void> {
    const { reader, follower, onWritten } = this.#options
    const { group, cut, bytes, revision, chain } = await this.#seal(writes)
    let etcdRevision: number
    try {
      etcdRevision = await this.#commit(group)
    } catch (err) {
      if (err instanceof Overtaken) await this.#removePieces(group.pieces)
      throw err
    }
    const position = { revision, etcdRevision, chain }
    reader.moveTo(position)
    follower.wrote()
    for (const [place, pieces] of cut) this.markCut(place, pieces)
    onWritten(position, bytes + group.head.length)
  }

  async #seal(writes: readonly DecidedWrite[]) {
    const { names, seal, clock, chainKey, reader } = this.#options
    const { position } = reader
    const at = clock.now()
    const chain = new StoreChain(chainKey, position.chain)
    const operations: Operation[] = []
    const gone: Gone[] = []
    const cut = new Map<string, string | undefined>()
    const written: string[] = []
    let bytes = 0
    for (const { cache, entry, previous, type } of writes) {
      const { namespace, name, revision } = entry
      const place = names.object(cache.groupResource, namespace, name)
      const key = Buffer.from(place)
      const before = previous?.revision ?? 0
      const cutBefore = this.#cut.get(place)
      if (cutBefore !== undefined) {
        operations.push({ requestDeleteRange: { key: Buffer.from(cutBefore), rangeEnd: rangeEnd(cutBefore) } })
        cut.set(place, undefined)
      }
      if (before > 0) chain.remove(place, before)
      if (type === 'DELETED') {
        const deletion = { revision, previous: before, groupResource: cache.groupResource, namespace, name }
        operations.push({ requestDeleteRange: { key } })
        gone.push(deletion)
        chain.follow(goneTag(deletion, place))
        continue
      }
      const { value, pieces, piecesId } = sealObject(seal, place, {
        revision,
        previous: before,
        deleted: false,
        header: {
          ...{ groupResource: cache.groupResource, namespace, name, at, fieldsVersion: cache.fieldsVersion },
          ...{ labels: entry.labels, extraFields: entry.extraFields },
        },
        bytes: entry.bytes,
      })
      if (pieces.length > 0) {
        const prefix = names.piecesOf(place, piecesId)
        written.push(prefix)
        await this.#writePieces(prefix, pieces)
        cut.set(place, prefix)
      }
      operations.push({ requestPut: { key, value } })
      chain.add(place, revision)
      chain.follow(tagOf(value))
      bytes += value.length
    }
    const revision = writes.at(-1)?.entry.revision ?? position.revision
    const head = seal.seal(names.head, headText({ revision, at, chain: chain.state, gone }))
    return { group: { operations, head, position, pieces: written }, cut, bytes, revision, chain: chain.state }
  }

  /** Continues at a much higher revision, after a restored state was accepted. */
  async raise(revision: number): Promise<void> {
    const { seal, names, clock, reader } = this.#options
    const { position } = reader
    const head = seal.seal(names.head, headText({ revision, at: clock.now(), chain: position.chain, gone: [] }))
    const etcdRevision = await this.#commit({ operations: [], head, position, pieces: [] })
    reader.moveTo({ ...position, revision, etcdRevision })
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('The store is closed'))
    await this.#options.onClose()
  }

  /** Resolves with the head's revision in etcd; rejects with `Overtaken` if another server wrote first. */
  async #commit({ operations, head, position }: Group): Promise<number> {
    const { client, names, right, clock, log, follower } = this.#options
    const headKey = Buffer.from(names.head)
    const { signal } = this.#closing
    let isUncertain = false
    for (;;) {
      const request = {
        compare: [right.comparison, { result: 'EQUAL', target: 'MOD', key: headKey, modRevision: position.etcdRevision }],
        success: [...operations, { requestPut: { key: headKey, value: head } }],
        failure: [{ requestRange: { key: headKey } }],
      }
      try {
        const { succeeded, header, responses } = await client.call<TxnResponse>('Txn', request, { timeoutMs: attemptMs, signal })
        if (succeeded) return header.revision
        const found = responses[0]?.responseRange?.kvs[0]
        const own = await this.#ownRevision(head, found, isUncertain)
        if (own !== undefined) return own
        const now = found?.modRevision ?? 0
        if (now !== position.etcdRevision) {
          // This server may have believed that it was alone, and then does not follow yet.
          if (right.wasAlone) await right.refresh()
          throw new Overtaken(() => follower.reached(now, signal))
        }
        await right.refresh()
      } catch (err) {
        if (signal.aborted) throw new WriteFailed('The store was closed during a write', { retriable: false, cause: err })
        if (!(err instanceof EtcdError)) throw err
        if (err.fault !== 'unavailable' && err.fault !== 'busy') throw new WriteFailed(err.message, { retriable: !isUncertain, cause: err })
        // Whether it was written is unknown until a later attempt, which compares with the same head, has succeeded or failed.
        if (err.fault === 'unavailable') isUncertain = true
        log.debug('etcd does not answer a write', { err })
        await pause(clock, retryMs, signal)
      }
    }
  }

  /** After a refusal: whether an earlier attempt, whose answer was lost, had written the group, and where. */
  async #ownRevision(head: Buffer, found: KeyValue | undefined, isUncertain: boolean): Promise<number | undefined> {
    if (found === undefined) return undefined
    if (found.value.equals(head)) return found.modRevision
    const { follower, right, reader } = this.#options
    if (!isUncertain || found.modRevision === reader.position.etcdRevision) return undefined
    // Another server wrote since; before or after this group, the history says.
    if (right.wasAlone) await right.refresh()
    return follower.find(head, found.modRevision, this.#closing.signal)
  }

  /** They are not visible before their group is. */
  async #writePieces(prefix: string, pieces: readonly Buffer[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      const put = { requestPut: { key: Buffer.from(`${prefix}${index}`), value: piece } }
      await this.#repeat({ success: [put] })
    }
  }

  /** Those of a group that was refused. */
  async #removePieces(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes)
      await this.#repeat({ success: [{ requestDeleteRange: { key: Buffer.from(prefix), rangeEnd: rangeEnd(prefix) } }] })
  }

  async #repeat(request: object): Promise<void> {
    const { client, clock, log } = this.#options
    const { signal } = this.#closing
    for (;;) {
      try {
        await client.call<RangeResponse>('Txn', request, { timeoutMs: attemptMs, signal })
        return
      } catch (err) {
        if (signal.aborted) throw new WriteFailed('The store was closed during a write', { retriable: false, cause: err })
        if (!(err instanceof EtcdError)) throw err
        if (err.fault !== 'unavailable' && err.fault !== 'busy') throw new WriteFailed(err.message, { retriable: true, cause: err })
        log.debug('etcd does not answer a write of pieces', { err })
        await pause(clock, retryMs, signal)
      }
    }
  }
}
