// Bounds frames that cost the server work without a request (CVE-2019-9512, 9514, 9515, 9517, 9518, CVE-2023-44487,
// CVE-2024-27316, CVE-2025-8671).
import { errorCode, Http2Error } from './wire/frames.ts'

/** Frames between two looks, which are 30 s apart. A client that pings every second sends 30. */
export const maxControlFrames = 1000
/** A client sends two WINDOW_UPDATEs for each piece that it reads. With the smallest windows in use a piece is 512 bytes; some clients update for each frame. */
const bytesPerFrame = 256
const earnedByFrame = 512
/** Earned WINDOW_UPDATEs that are still unused: enough for 16 MiB within the client's windows, which it may read much later. */
export const maxEarnedFrames = 65_536

export class ControlBudget {
  #left = maxControlFrames
  /** Only for WINDOW_UPDATE. */
  #earned = 0
  #bytes = 0
  /** Only for RST_STREAM. */
  #resets = 0

  /** Throws if the budget is used up. */
  spend(): void {
    if (--this.#left < 0)
      throw new Http2Error(errorCode.enhanceYourCalm, `the client sent more than ${maxControlFrames} control frames within 30 s`)
  }

  /** For a WINDOW_UPDATE. */
  spendOnWindow(): void {
    if (this.#earned > 0) this.#earned--
    else this.spend()
  }

  /** For a RST_STREAM, on an open or a closed stream. */
  spendOnReset(): void {
    if (this.#resets > 0) this.#resets--
    else this.spend()
  }

  /** A response has begun: resetting its stream, as a client does that gives up a watch, is not a rapid reset. */
  earnReset(): void {
    if (this.#resets < maxControlFrames) this.#resets++
  }

  /** A DATA frame of this size was sent; the client will answer with WINDOW_UPDATEs. */
  earn(bytes: number): void {
    this.#bytes += bytes + earnedByFrame
    this.#earned = Math.min(maxEarnedFrames, this.#earned + Math.floor(this.#bytes / bytesPerFrame))
    this.#bytes %= bytesPerFrame
  }

  /** Called at each look. */
  renew(): void {
    this.#left = maxControlFrames
  }
}
