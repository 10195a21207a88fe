// What a client may make a connection do for nothing: each frame that costs us work and asks for none counts (CVE-2019-9512, 9514, 9515, 9517, 9518, CVE-2023-44487,
// CVE-2024-27316, CVE-2025-8671).
import { errorCode, Http2Error } from './wire/frames.ts'

/** Frames between two looks; a client that pings each second sends 30. */
export const maxControlFrames = 1000
/** A reader widens two windows for each piece that it takes: one with the smallest windows that are in use takes 512 bytes, some take each frame for itself. */
const bytesPerFrame = 256
const earnedByFrame = 512
/** Frames that a reader may have earned and not sent yet: those for 16 MiB that wait within its windows, for it may read them much later. */
export const maxEarnedFrames = 65_536

export class ControlBudget {
  #left = maxControlFrames
  /** For frames that widen windows, and for those alone. */
  #earned = 0
  #bytes = 0
  /** For resets, and for those alone. */
  #resets = 0

  /** Throws where there is nothing left. */
  spend(): void {
    if (--this.#left < 0) throw new Http2Error(errorCode.enhanceYourCalm, `more than ${maxControlFrames} frames came that ask for nothing`)
  }

  /** For a frame that widens a window. */
  spendOnWindow(): void {
    if (this.#earned > 0) this.#earned--
    else this.spend()
  }

  /** For a reset of a stream, whether it is over or not. */
  spendOnReset(): void {
    if (this.#resets > 0) this.#resets--
    else this.spend()
  }

  /** An answer has begun: to end its stream, as whoever gives up a watch does, is no rapid reset. */
  earnReset(): void {
    if (this.#resets < maxControlFrames) this.#resets++
  }

  /** A frame of so many bytes of a body is sent, and will be answered with frames that widen windows. */
  earn(bytes: number): void {
    this.#bytes += bytes + earnedByFrame
    this.#earned = Math.min(maxEarnedFrames, this.#earned + Math.floor(this.#bytes / bytesPerFrame))
    this.#bytes %= bytesPerFrame
  }

  /** At each look. */
  renew(): void {
    this.#left = maxControlFrames
  }
}
