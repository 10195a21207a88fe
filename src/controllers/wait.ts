// How long a key may wait in the queue: timers hold at most 2^31 ms, so longer waits are taken in parts.
export const longestWaitMs = 24 * 3_600_000
