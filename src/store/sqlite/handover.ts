// Limits how far the writer thread can be ahead while it passes on all records: messages between threads take memory that no limit counts.

/** Limit of waiting pieces of about half a MiB. */
const maxAhead = 16
/** So that a thread whose peer is gone continues to its end. */
const maxWaitMs = 10_000

/** Shared by both threads: the number of pieces that were taken. */
export type TakenCount = Int32Array<SharedArrayBuffer>

export const newTakenCount = (): TakenCount => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** Called by the reader. */
export function takeOne(taken: TakenCount): void {
  Atomics.add(taken, 0, 1)
  Atomics.notify(taken, 0)
}

/** Called by the writer: waits until few of its pieces wait. */
export function waitForRoom(taken: TakenCount, given: number): void {
  for (;;) {
    const now = Atomics.load(taken, 0)
    if (given - now < maxAhead) return
    if (Atomics.wait(taken, 0, now, maxWaitMs) === 'timed-out') return
  }
}
