// What each client address has open at the DNS server, so that one pod's flood leaves room for the others.
export interface ClientShare {
  connections: number
  /** Questions without an answer yet, over UDP and TCP. */
  open: number
  /** Connections that read on when a question of this client is done. */
  readonly waiting: Set<() => void>
}

/** Remembers an address only while something of it is open: spoofed ones leave nothing behind. */
export class ClientShares {
  readonly #shares = new Map<string, ClientShare>()

  get size(): number {
    return this.#shares.size
  }

  of(address: string): ClientShare {
    return this.#shares.get(address) ?? { connections: 0, open: 0, waiting: new Set() }
  }

  /** Adds one; every call is followed by one of `leave`. */
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
