// A target to which at most so many bytes are written in a second.
import { type Clock, pause, systemClock } from '../../base/clock.ts'
import type { Target } from './target.ts'

/** Files are written one after the other, each at the earliest when the ones before it are paid for. */
export function limitedTarget(target: Target, bytesPerSecond: number, clock: Clock = systemClock): Target {
  let free = 0
  let last: Promise<void> = Promise.resolve()
  return {
    place: target.place,
    get: (name, maxBytes, signal) => target.get(name, maxBytes, signal),
    list: (folder, signal) => target.list(folder, signal),
    remove: (name, signal) => target.remove(name, signal),
    async put(name, content, signal) {
      const turn = last
      const { promise, resolve } = Promise.withResolvers<void>()
      last = promise
      try {
        await turn
        await pause(clock, Math.max(0, free - clock.monotonic()), signal)
        free = Math.max(free, clock.monotonic()) + (content.length / bytesPerSecond) * 1000
        await target.put(name, content, signal)
      } finally {
        resolve()
      }
    },
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  }
}
