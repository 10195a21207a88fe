// Batches the bytes for a socket: everything from one turn of the event loop goes out in one write, and what is added meanwhile in the next one.
import type { Writable } from 'node:stream'
import { SendBuffer } from './send-buffer.ts'

export class Outbox {
  readonly #socket: Writable
  readonly #taken: (() => void) | undefined
  #filling = new SendBuffer()
  #leaving = new SendBuffer()
  #scheduled = false
  #writing = false
  #writes = 0
  #onEmpty: (() => void) | undefined

  /** `taken` is called each time the socket has accepted a write, before the next one starts. */
  constructor(socket: Writable, taken?: () => void) {
    this.#socket = socket
    this.#taken = taken
  }

  /** Bytes waiting behind the current write. */
  get waiting(): number {
    return this.#filling.length
  }

  /** Whether a write is pending: the socket has no room for more. */
  get isWriting(): boolean {
    return this.#writing
  }

  /** Number of writes that the socket has accepted. */
  get writes(): number {
    return this.#writes
  }

  /** The buffer to write to now; its bytes are sent soon. */
  open(): SendBuffer {
    if (!this.#scheduled && !this.#writing) {
      this.#scheduled = true
      process.nextTick(this.#flush)
    }
    return this.#filling
  }

  /** Calls `end` once the socket has accepted everything, in a later turn at the earliest. If the peer reads nothing, that may never happen. */
  close(end: () => void): void {
    this.#onEmpty = end
    this.open()
  }

  /** Writes the waiting bytes to the socket if possible. */
  readonly #flush = (): void => {
    this.#scheduled = false
    if (this.#filling.length === 0) {
      const end = this.#onEmpty
      this.#onEmpty = undefined
      end?.()
      return
    }
    if (!this.#socket.writable) return
    const leaving = this.#filling
    this.#filling = this.#leaving
    this.#leaving = leaving
    this.#writing = true
    this.#socket.write(leaving.view(), this.#written)
  }

  /** A failed write is an error of the socket, which the connection handles. */
  readonly #written = (): void => {
    this.#writes++
    this.#leaving.clear()
    this.#taken?.()
    this.#writing = false
    this.#flush()
  }
}
