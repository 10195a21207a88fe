// For tests: a store whose disk answers when the test says so.
import { type Clock, systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { CommitQueue } from '../store/commit-queue.ts'

/** A store whose commits the test ends, with a log of events in order. */
export function heldStore(clock: Clock = systemClock) {
  const happened: string[] = []
  let end: { resolve(): void; reject(err: Error): void } | undefined
  const { promise: committing, resolve: begun } = Promise.withResolvers<void>()
  const append = () => {
    happened.push('commit begun')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    end = { resolve, reject }
    begun()
    return promise
  }
  const store = new CommitQueue({ clock, log: silentLogger, commitLog: { append, bytes: 0, close: async () => undefined } })
  return { store, happened, committing, commit: () => end?.resolve(), fail: (err: Error) => end?.reject(err) }
}
