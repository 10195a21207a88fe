// Limits the bytes of request bodies that are read and processed at once: a seat counts a request, and one body can have 3 MiB, whose objects take many times as
// much.
import type { Flow } from './flow.ts'

/** Seats limit how many smaller bodies there are, so that these never wait for large ones. */
export const smallBodyBytes = 64 * 1024
/** Of one flow: one body of the largest size and some smaller ones. */
export const maxFlowBodyBytes = 4 * 2 ** 20
/** Of all flows of a level. */
export const maxLevelBodyBytes = 16 * 2 ** 20

/** Of one level. */
export class BodyRoom {
  #bytes = 0

  /** A flow without a large body gets one, however much others have: a client that sends slowly must not hold up other users. */
  has(flow: Flow, bytes: number): boolean {
    if (bytes <= smallBodyBytes || flow.bodyBytes === 0) return true
    return flow.bodyBytes + bytes <= maxFlowBodyBytes && this.#bytes + bytes <= maxLevelBodyBytes
  }

  take(flow: Flow, bytes: number): void {
    this.#add(flow, bytes <= smallBodyBytes ? 0 : bytes)
  }

  free(flow: Flow, bytes: number): void {
    this.#add(flow, bytes <= smallBodyBytes ? 0 : -bytes)
  }

  #add(flow: Flow, bytes: number): void {
    flow.bodyBytes += bytes
    this.#bytes += bytes
  }
}
