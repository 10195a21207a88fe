// Makes groups of writes durable in etcd: each group is one transaction, compared with the head before it and with the right to write.
import type { Clock } from '../../base/clock.ts'
import { pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { CommitLog } from '../commit-queue.ts'
import { WriteFailed } from '../store.ts'
import type { DecidedWrite } from '../watch-cache.ts'
import type { EtcdClient } from './etcd-client.ts'
import { EtcdError } from './etcd-error.ts'
import { type Gone, headText } from './etcd-head.ts'
import { goneTag } from './followed-group.ts'
import { type KeyNames, rangeEnd } from './key-names.ts'
import type { KeyValue, TxnResponse } from './messages.ts'
import { pieceBytes, sealObject } from './object-value.ts'
import { type ChainState, StoreChain } from './store-chain.ts'
import { tagOf, type ValueSeal } from './value-seal.ts'
import type { WriterLease } from './writer-lease.ts'

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
  readonly lease: WriterLease
  readonly clock: Clock
  readonly log: Logger
  /** A group is durable. */
  onWritten(position: LogPosition, bytes: number): void
  onClose(): Promise<void>
  /** Bytes of etcd's file. */
  size(): number
}

type Operation = { readonly requestPut: object } | { readonly requestDeleteRange: object }

export class EtcdLog implements CommitLog {
  readonly #options: EtcdLogOptions
  readonly #closing = new AbortController()
  /** Large objects whose pieces are in etcd, by their key. */
  readonly #cut = new Map<string, number>()
  #position: LogPosition | undefined

  constructor(options: EtcdLogOptions) {
    this.#options = options
  }

  get refusal(): WriteFailed | undefined {
    return this.#position === undefined ? new WriteFailed('Another server writes', { retriable: true }) : undefined
  }

  get bytes(): number {
    return this.#options.size()
  }

  get position(): LogPosition | undefined {
    return this.#position
  }

  /** From here on this server writes. */
  start(position: LogPosition): void {
    this.#position = position
  }

  /** A version with pieces became the newest, or is no more. */
  markCut(place: string, revision: number | undefined): void {
    if (revision === undefined) this.#cut.delete(place)
    else this.#cut.set(place, revision)
  }

  get cutObjects(): ReadonlyMap<string, number> {
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

  async append(group: readonly DecidedWrite[]): Promise<void> {
    const { position } = this
    if (position === undefined) throw new WriteFailed('Another server writes', { retriable: true })
    const { names, seal, clock, chainKey } = this.#options
    const at = clock.now()
    const chain = new StoreChain(chainKey, position.chain)
    const operations: Operation[] = []
    const gone: Gone[] = []
    const cut = new Map<string, number | undefined>()
    let bytes = 0
    for (const { cache, entry, previous, type } of group) {
      const { namespace, name, revision } = entry
      const place = names.object(cache.groupResource, namespace, name)
      const key = Buffer.from(place)
      const before = previous?.revision ?? 0
      const cutBefore = this.#cut.get(place)
      if (cutBefore !== undefined) {
        const pieces = names.piecesOf(place, cutBefore)
        operations.push({ requestDeleteRange: { key: Buffer.from(pieces), rangeEnd: rangeEnd(pieces) } })
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
      const { value, pieces } = sealObject(seal, place, {
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
        // They are not visible before the group is. Those of a group that fails are removed at the next start.
        for (const [index, piece] of pieces.entries())
          await this.#commit([{ requestPut: { key: Buffer.from(`${names.piecesOf(place, revision)}${index}`), value: piece } }], position)
        cut.set(place, revision)
      }
      operations.push({ requestPut: { key, value } })
      chain.add(place, revision)
      chain.follow(tagOf(value))
      bytes += value.length
    }
    const revision = group.at(-1)?.entry.revision ?? position.revision
    const text = headText({ revision, at, chain: chain.state, gone })
    const head = seal.seal(names.head, text)
    const etcdRevision = await this.#commit(operations, position, head)
    this.#position = { revision, etcdRevision, chain: chain.state }
    for (const [place, cutAt] of cut) this.markCut(place, cutAt)
    this.#options.onWritten(this.#position, bytes + head.length)
  }

  /** Continues at a much higher revision, after a restored state was accepted. */
  async raise(revision: number): Promise<void> {
    const { position } = this
    if (position === undefined) throw new WriteFailed('Another server writes', { retriable: true })
    const { seal, names, clock } = this.#options
    const head = seal.seal(names.head, headText({ revision, at: clock.now(), chain: position.chain, gone: [] }))
    this.#position = { ...position, revision, etcdRevision: await this.#commit([], position, head) }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('The store is closed'))
    await this.#options.onClose()
  }

  /** Resolves with the head's revision in etcd. Without a head, the operations are repeated until they are done. */
  async #commit(operations: readonly Operation[], position: LogPosition, head?: Buffer): Promise<number> {
    const { client, names, lease, clock, log } = this.#options
    const headKey = Buffer.from(names.head)
    const { signal } = this.#closing
    let isUncertain = false
    for (;;) {
      const request = {
        compare: [
          { result: 'EQUAL', target: 'MOD', key: lease.key, modRevision: lease.token },
          { result: 'EQUAL', target: 'MOD', key: headKey, modRevision: position.etcdRevision },
        ],
        success: head === undefined ? operations : [...operations, { requestPut: { key: headKey, value: head } }],
        failure: [{ requestRange: { key: headKey } }],
      }
      try {
        const { succeeded, header, responses } = await client.call<TxnResponse>('Txn', request, { timeoutMs: attemptMs, signal })
        if (succeeded) return header.revision
        const found = responses[0]?.responseRange?.kvs[0]
        if (head !== undefined && found?.value.equals(head)) return found.modRevision
        await this.#regain(found, position)
      } catch (err) {
        if (signal.aborted) throw new WriteFailed('The store was closed during a write', { retriable: false, cause: err })
        if (!(err instanceof EtcdError)) throw err
        const isKnown = !isUncertain || head === undefined
        if (err.fault !== 'unavailable' && err.fault !== 'busy') throw new WriteFailed(err.message, { retriable: isKnown, cause: err })
        // Whether it was written is unknown until a later attempt, which compares with the same head, has succeeded or failed.
        if (err.fault === 'unavailable') isUncertain = true
        log.debug('etcd does not answer a write', { err })
        await pause(clock, retryMs, signal)
      }
    }
  }

  /** After a failed comparison: nothing was written. Rejects if another server has written, or has the right to. */
  async #regain(found: KeyValue | undefined, position: LogPosition): Promise<void> {
    const { lease, log } = this.#options
    if ((found?.modRevision ?? 0) === position.etcdRevision) {
      const attempt = await lease.attempt(this.#closing.signal)
      if (attempt.acquired) {
        log.info('the right to write was lost and taken again', { revision: position.revision })
        return
      }
    }
    this.#position = undefined
    throw new WriteFailed('Another server writes to etcd now', { retriable: false })
  }
}
