// Whether the client of a connection is still there, and takes what is sent to it.

import type { ResponseSender } from './response-sender.ts'
import type { Outbox } from './wire/outbox.ts'

/** Bytes of bodies. A connection that sends less between two looks stands still: none of its answers waits for its turn. */
const leastFlow = 64 * 1024

export class SignsOfLife {
  readonly #outbox: Outbox
  readonly #sender: ResponseSender
  #cameSince = true
  /** At the last look: whether the socket was full, the writes that it had taken, the bytes that were sent. */
  #wasWriting = false
  #writes = 0
  #sent = 0

  constructor(outbox: Outbox, sender: ResponseSender) {
    this.#outbox = outbox
    this.#sender = sender
  }

  /** Something came. */
  came(): void {
    this.#cameSince = true
  }

  /** Since the last look: `dead` where nothing came, not even the answer to the ping of that look; `flows` where bodies were sent. */
  look(): { readonly dead: boolean; readonly flows: boolean } {
    const outbox = this.#outbox
    const sent = this.#sender.sentBytes
    // What a socket takes says something of its peer only where it had no room before: that of a dead one takes many pings.
    const took = this.#wasWriting && outbox.writes > this.#writes
    const signs = { dead: !this.#cameSince && !took, flows: sent - this.#sent >= leastFlow }
    this.#cameSince = false
    this.#wasWriting = outbox.isWriting
    this.#writes = outbox.writes
    this.#sent = sent
    return signs
  }
}
