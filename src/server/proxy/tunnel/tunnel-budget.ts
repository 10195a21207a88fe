// The control-frame budget of a node's tunnel: counts the node's frames before the HTTP/2 library reads them, with the same budget as for clients.

import { ControlBudget, maxControlFrames } from '../../http2/control-budget.ts'
import { FrameReader, type FrameSink } from '../../http2/wire/frame-reader.ts'
import { frameType } from '../../http2/wire/frames.ts'

/** The head of a response and its trailers. */
const blocksPerRequest = 2

export class TunnelBudget implements FrameSink {
  readonly #budget = new ControlBudget()
  readonly #reader = new FrameReader(this)
  /** Header blocks still allowed as responses to requests. */
  #blocks = 0

  /** A request was sent to the node. */
  requested(): void {
    this.#blocks = Math.min(this.#blocks + blocksPerRequest, blocksPerRequest * maxControlFrames)
    this.#budget.earnReset()
  }

  /** Bytes were sent to the node, which will answer with WINDOW_UPDATEs. */
  sent(bytes: number): void {
    this.#budget.earn(bytes)
  }

  /** Throws an Http2Error if the node exceeds its budget or sends a malformed frame. */
  received(bytes: Buffer): void {
    this.#reader.read(bytes, bytes.length)
  }

  /** Called at intervals. */
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
      // Each setting may change the window of every stream.
      if (type === frameType.settings) for (let at = start; at < end; at += 6) this.#budget.spend()
    }
  }
}
