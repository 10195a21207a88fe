// What a node may make its tunnel do for nothing: its frames are counted before the HTTP/2 library reads them, by the budget of the server's own clients.

import { ControlBudget, maxControlFrames } from '../../http2/control-budget.ts'
import { FrameReader, type FrameSink } from '../../http2/wire/frame-reader.ts'
import { frameType } from '../../http2/wire/frames.ts'

/** The head of an answer and its trailers. */
const blocksPerRequest = 2

export class TunnelBudget implements FrameSink {
  readonly #budget = new ControlBudget()
  readonly #reader = new FrameReader(this)
  /** Header blocks that requests may still be answered with. */
  #blocks = 0

  /** The node is asked for something. */
  requested(): void {
    this.#blocks = Math.min(this.#blocks + blocksPerRequest, blocksPerRequest * maxControlFrames)
    this.#budget.earnReset()
  }

  /** So many bytes go to the node, and will be answered with frames that widen windows. */
  sent(bytes: number): void {
    this.#budget.earn(bytes)
  }

  /** Throws an Http2Error where the node goes beyond its budget, or sends what is no frame. */
  received(bytes: Buffer): void {
    this.#reader.read(bytes, bytes.length)
  }

  /** To be called at intervals. */
  renew(): void {
    this.#budget.renew()
  }

  data(_stream: number, _bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    if (start === end && !endsStream) this.#budget.spend()
  }

  frame(type: number, _flags: number, _stream: number, _bytes: Buffer, start: number, end: number): void {
    if (type === frameType.windowUpdate) this.#budget.spendOnWindow()
    else if (type === frameType.rstStream) this.#budget.spendOnReset()
    else if (type === frameType.headers && this.#blocks > 0) this.#blocks--
    else {
      this.#budget.spend()
      // Each of the settings may change the window of every stream.
      if (type === frameType.settings) for (let at = start; at < end; at += 6) this.#budget.spend()
    }
  }
}
