// Applies what other servers write, in order. While a group of this server is in flight nothing is applied: whether it comes before or after
// the others' is known only when etcd has answered.
import { messageOf } from '../../base/user-error.ts'
import type { FollowedChange } from '../followed-change.ts'
import { WriteFailed } from '../store.ts'
import type { EtcdReader, WrittenGroup } from './etcd-reader.ts'

export interface FollowerOptions {
  readonly reader: EtcdReader
  /** Called with each group of another server; the reader has moved behind it. */
  onChanges(changes: readonly FollowedChange[], bytes: number): void
  /** What was read does not follow what is in memory, or is gone. */
  onFailed(err: WriteFailed): void
}

interface Waiting {
  isReached(): boolean
  resolve(): void
  reject(err: unknown): void
}

export class Follower {
  readonly #options: FollowerOptions
  #received: WrittenGroup[] = []
  /** The newest etcd revision that was received or written by this server. */
  #receivedUpTo = 0
  #stop: AbortController | undefined
  #following: Promise<void> | undefined
  #applying: Promise<void> | undefined
  #isHeld = false
  #fault: WriteFailed | undefined
  #waiting: Waiting[] = []

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** Follows what is written after this etcd revision. Does nothing if it follows already. */
  start(from: number = this.#options.reader.position.etcdRevision): void {
    if (this.#stop !== undefined) return
    const stop = new AbortController()
    this.#stop = stop
    this.#receivedUpTo = from
    this.#following = this.#options.reader.follow(from, group => this.#receive(group), stop.signal).catch(err => this.#fail(err))
  }

  async stop(): Promise<void> {
    this.#stop?.abort(new Error('No other server writes'))
    this.#stop = undefined
    await this.#following
    await this.#applying
  }

  /** Resolves when nothing is being applied; nothing will be before `release()`. */
  hold(): Promise<void> | undefined {
    this.#isHeld = true
    return this.#applying
  }

  release(): void {
    this.#isHeld = false
    this.#apply()
  }

  /** Resolves when everything up to this etcd revision is in memory. */
  async reached(etcdRevision: number, signal?: AbortSignal): Promise<void> {
    const { reader } = this.#options
    await this.#until(() => reader.position.etcdRevision >= etcdRevision, signal)
  }

  /** While held: the etcd revision of the group with this head, received at or before `upTo`; undefined if there is none. */
  async find(head: Buffer, upTo: number, signal?: AbortSignal): Promise<number | undefined> {
    await this.#until(() => this.#receivedUpTo >= upTo, signal)
    return this.#received.find(group => group.head?.equals(head) === true)?.etcdRevision
  }

  /** The reader moved behind a group of this server. */
  wrote(): void {
    this.#wake()
  }

  close(): Promise<void> {
    const err = new WriteFailed('The store is closed', { retriable: false })
    this.#fault ??= err
    for (const { reject } of this.#waiting.splice(0)) reject(err)
    return this.stop()
  }

  #receive(group: WrittenGroup): void {
    this.#received.push(group)
    this.#receivedUpTo = group.etcdRevision
    this.#apply()
    this.#wake()
  }

  #apply(): void {
    if (this.#applying !== undefined || this.#isHeld || this.#received.length === 0) return
    this.#applying = this.#applyReceived()
      .catch(err => this.#fail(err))
      .finally(() => {
        this.#applying = undefined
        this.#wake()
        this.#apply()
      })
  }

  async #applyReceived(): Promise<void> {
    const { reader, onChanges } = this.#options
    while (!this.#isHeld && this.#fault === undefined) {
      const group = this.#received.shift()
      if (group === undefined) return
      // This server wrote it.
      if (group.etcdRevision <= reader.position.etcdRevision) continue
      const changes = await reader.apply(group)
      onChanges(
        changes,
        group.events.reduce((sum, { kv }) => sum + kv.value.length, 0),
      )
      this.#wake()
    }
  }

  #until(isReached: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    if (isReached()) return Promise.resolve()
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting = this.#waiting.filter(other => other !== waiting)
        reject(signal?.reason)
      }
      const end = () => signal?.removeEventListener('abort', abort)
      const waiting = {
        isReached,
        resolve: () => {
          end()
          resolve()
        },
        reject: (err: unknown) => {
          end()
          reject(err)
        },
      }
      this.#waiting.push(waiting)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const reached = this.#waiting.filter(({ isReached }) => isReached())
    this.#waiting = this.#waiting.filter(waiting => !reached.includes(waiting))
    for (const { resolve } of reached) resolve()
  }

  #fail(err: unknown): void {
    if (this.#fault !== undefined) return
    const fault = new WriteFailed(`Cannot follow the other servers: ${messageOf(err)}`, { retriable: false, cause: err })
    this.#fault = fault
    for (const { reject } of this.#waiting.splice(0)) reject(fault)
    this.#options.onFailed(fault)
  }
}
