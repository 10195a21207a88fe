// What goes to a socket: all that is written in one turn leaves in one write, and what comes while that one is under way in the next.
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

  /** `taken` is called each time the socket has taken a write, before what waits behind it leaves. */
  constructor(socket: Writable, taken?: () => void) {
    this.#socket = socket
    this.#taken = taken
  }

  /** Bytes that are to leave behind the write that is under way. */
  get waiting(): number {
    return this.#filling.length
  }

  /** Whether a write is under way: the socket has no room for more. */
  get isWriting(): boolean {
    return this.#writing
  }

  /** Writes that the socket has taken. */
  get writes(): number {
    return this.#writes
  }

  /** To write to at once: what stands in it leaves soon. */
  open(): SendBuffer {
    if (!this.#scheduled && !this.#writing) {
      this.#scheduled = true
      process.nextTick(this.#flush)
    }
    return this.#filling
  }

  /** Calls `end` as soon as the socket has taken all that stands here by then, in a later turn at the earliest. It may never: of a peer that reads nothing. */
  close(end: () => void): void {
    this.#onEmpty = end
    this.open()
  }

  /** Hands over what waits, where it can be. */
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

  /** A failed write is the socket's failure, of which the connection hears. */
  readonly #written = (): void => {
    this.#writes++
    this.#leaving.clear()
    this.#taken?.()
    this.#writing = false
    this.#flush()
  }
}
