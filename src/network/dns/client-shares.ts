// Counts what each client address has open at the DNS server, so that one pod's flood leaves capacity for others.
export interface ClientShare {
  connections: number
  /** Pending questions, over UDP and TCP. */
  open: number
  /** Connections that resume reading when a question of this client is answered. */
  readonly waiting: Set<() => void>
}

/** Keeps an address only while it has something open: spoofed addresses leave nothing behind. */
export class ClientShares {
  readonly #shares = new Map<string, ClientShare>()

  get size(): number {
    return this.#shares.size
  }

  of(address: string): ClientShare {
    return this.#shares.get(address) ?? { connections: 0, open: 0, waiting: new Set() }
  }

  /** Adds one; each call needs one call of `leave`. */
  enter(address: string, what: 'connections' | 'open'): ClientShare {
    const share = this.of(address)
    share[what]++
    this.#shares.set(address, share)
    return share
  }

  leave(address: string, what: 'connections' | 'open'): void {
    const share = this.of(address)
    share[what]--
    if (share.connections + share.open === 0) this.#shares.delete(address)
    if (what === 'open') for (const readOn of [...share.waiting]) readOn()
  }
}
