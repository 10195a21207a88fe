// Limits the bytes that WebSockets buffer for a slow client or node: per user, per namespace, and in all.
import type { UserInfo } from '../../../api/user.ts'

export interface StreamMemoryLimits {
  readonly user: number
  readonly namespace: number
  readonly all: number
}

/** Buffered bytes in each direction. */
export const defaultStreamMemory: StreamMemoryLimits = { user: 16 << 20, namespace: 32 << 20, all: 128 << 20 }

class Account {
  readonly #kept = new Map<string, number>()
  readonly #limits: readonly (readonly [kind: string, limit: number])[]

  constructor(limits: StreamMemoryLimits) {
    this.#limits = Object.entries(limits)
  }

  /** Whether all limits are kept. */
  change(names: StreamNames, bytes: number): boolean {
    let isWithin = true
    for (const [kind, limit] of this.#limits) {
      const name = names[kind as keyof StreamMemoryLimits]
      if (name === undefined) continue
      const key = `${kind}:${name}`
      const kept = (this.#kept.get(key) ?? 0) + bytes
      if (kept > 0) this.#kept.set(key, kept)
      else this.#kept.delete(key)
      isWithin &&= kept <= limit
    }
    return isWithin
  }
}

type StreamNames = { readonly [Kind in keyof StreamMemoryLimits]: string | undefined }

export class StreamMemory {
  readonly #received: Account
  readonly #unsent: Account

  constructor(limits: StreamMemoryLimits = defaultStreamMemory) {
    this.#received = new Account(limits)
    this.#unsent = new Account(limits)
  }

  /** The share of one connection. `namespace` is '' for cluster-scoped requests. */
  open(user: Pick<UserInfo, 'name'>, namespace: string): StreamShare {
    const names = { user: user.name, namespace: namespace === '' ? undefined : namespace, all: '' }
    return new StreamShare(names, this.#received, this.#unsent)
  }
}

type Way = 'received' | 'forwarded' | 'unsent'

export class StreamShare {
  readonly #names: StreamNames
  readonly #accounts: Readonly<Record<Way, Account>>
  readonly #kept: Record<Way, number> = { received: 0, forwarded: 0, unsent: 0 }
  #closed = false

  constructor(names: StreamNames, received: Account, unsent: Account) {
    this.#names = names
    this.#accounts = { received, forwarded: received, unsent }
  }

  /** Sets the bytes of an incomplete message of the client. False if they are too many: the connection must be closed. */
  received(bytes: number): boolean {
    return this.#keep('received', bytes)
  }

  /** Like `received`, for bytes that wait for the node. */
  forwarded(bytes: number): boolean {
    return this.#keep('forwarded', bytes)
  }

  /** Sets the bytes that wait for the client. False if they are too many: the sender must wait. */
  unsent(bytes: number): boolean {
    return this.#keep('unsent', bytes)
  }

  /** The connection is closed and buffers nothing. */
  close(): void {
    for (const way of ['received', 'forwarded', 'unsent'] as const) this.#keep(way, 0)
    this.#closed = true
  }

  #keep(way: Way, bytes: number): boolean {
    if (this.#closed) return true
    const more = bytes - this.#kept[way]
    this.#kept[way] = bytes
    return this.#accounts[way].change(this.#names, more)
  }
}
