// What a client may make a connection do for nothing: each frame that costs us work and asks for none counts (CVE-2019-9512, 9514, 9515, 9517, 9518, CVE-2023-44487,
// CVE-2024-27316).
import { errorCode, Http2Error } from '../../base/http2/frames.ts'

/** Frames between two looks; a client that pings each second sends 30. */
export const maxControlFrames = 1000
/** A reader widens two windows for each piece that it takes, and Go's takes pieces of 4 KiB. */
const bytesPerFrame = 1024

export class ControlBudget {
  #left = maxControlFrames
  /** Since the last look. */
  #earned = 0
  #bytes = 0

  /** Throws where there is nothing left. */
  spend(): void {
    if (--this.#left < 0) throw new Http2Error(errorCode.enhanceYourCalm, `more than ${maxControlFrames} frames came that ask for nothing`)
  }

  /** What is sent will be answered with frames that widen windows. */
  earn(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < bytesPerFrame) return
    const frames = Math.floor(this.#bytes / bytesPerFrame)
    this.#left += frames
    this.#earned += frames
    this.#bytes %= bytesPerFrame
  }

  /** At each look: what was earned before the last one and not used is lost. A reader may take what was just sent in the time until the next. */
  renew(): void {
    this.#left = maxControlFrames + Math.min(this.#left, this.#earned)
    this.#earned = 0
  }
}
