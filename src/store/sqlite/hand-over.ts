// How far the writer thread may be ahead while it hands over all records: what waits in the messages between two threads is memory that nobody counts.

/** Pieces of about half a MiB that may wait. */
const maxAhead = 16
/** Only so that a thread whose other side is gone goes on to its end. */
const maxWaitMs = 10_000

/** Shared by both threads: how many pieces were taken. */
export type TakenCount = Int32Array<SharedArrayBuffer>

export const newTakenCount = (): TakenCount => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** Of the side that takes. */
export function takeOne(taken: TakenCount): void {
  Atomics.add(taken, 0, 1)
  Atomics.notify(taken, 0)
}

/** Of the side that gives: waits until few of the pieces wait that were given so far. */
export function waitForRoom(taken: TakenCount, given: number): void {
  for (;;) {
    const now = Atomics.load(taken, 0)
    if (given - now < maxAhead) return
    if (Atomics.wait(taken, 0, now, maxWaitMs) === 'timed-out') return
  }
}
