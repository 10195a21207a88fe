// What goes to a socket: all that is written in one turn leaves in one write, and what comes while that one is under way in the next.
import type { Writable } from 'node:stream'
import { SendBuffer } from './send-buffer.ts'

export class Outbox {
  readonly #socket: Writable
  #filling = new SendBuffer()
  #leaving = new SendBuffer()
  #scheduled = false
  #writing = false

  constructor(socket: Writable) {
    this.#socket = socket
  }

  /** To write to at once: what stands in it leaves soon. */
  open(): SendBuffer {
    if (!this.#scheduled && !this.#writing) {
      this.#scheduled = true
      process.nextTick(this.#flush)
    }
    return this.#filling
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    if (this.#filling.length === 0 || !this.#socket.writable) return
    const leaving = this.#filling
    this.#filling = this.#leaving
    this.#leaving = leaving
    this.#writing = true
    this.#socket.write(leaving.view(), this.#written)
  }

  /** A failed write is the socket's failure, of which the connection hears. */
  readonly #written = (): void => {
    this.#writing = false
    this.#leaving.clear()
    this.#flush()
  }
}
