// Detects whether the client of a connection is alive and reads what it is sent.

import type { ResponseSender } from './response-sender.ts'
import type { Outbox } from './wire/outbox.ts'

/** Bytes of response bodies. A connection that sends less between two looks is stalled, so no response is merely waiting for its turn. */
const leastFlow = 64 * 1024

export class SignsOfLife {
  readonly #outbox: Outbox
  readonly #sender: ResponseSender
  #cameSince = true
  /** At the last look: whether a write was pending, how many writes the socket had accepted, how many body bytes were sent. */
  #wasWriting = false
  #writes = 0
  #sent = 0

  constructor(outbox: Outbox, sender: ResponseSender) {
    this.#outbox = outbox
    this.#sender = sender
  }

  /** The client sent something. */
  came(): void {
    this.#cameSince = true
  }

  /** Since the last look: `dead` if nothing came, not even the PING's acknowledgement; `flows` if bodies were sent. */
  look(): { readonly dead: boolean; readonly flows: boolean } {
    const outbox = this.#outbox
    const sent = this.#sender.sentBytes
    // An accepted write proves a live peer only if the socket was full before: the buffer of a dead peer's socket holds many PINGs.
    const took = this.#wasWriting && outbox.writes > this.#writes
    const signs = { dead: !this.#cameSince && !took, flows: sent - this.#sent >= leastFlow }
    this.#cameSince = false
    this.#wasWriting = outbox.isWriting
    this.#writes = outbox.writes
    this.#sent = sent
    return signs
  }
}
