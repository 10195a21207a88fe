// Time and randomness of this process, replaced: time stands still while anything runs, and jumps to the next timer when nothing does, so that
// hours take seconds; and all random numbers come from one seed, so that a run can be repeated. Nothing may wait for sockets or files.
import async_hooks from 'node:async_hooks'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { Clock } from '../../src/base/clock.ts'
import { Random } from '../consistency/random.ts'
import { TimerHeap, type VirtualTimer } from './timer-heap.ts'

const real = { setImmediate: globalThis.setImmediate, clearImmediate: globalThis.clearImmediate, now: performance.now.bind(performance) }
/** Real milliseconds that one instant of virtual time may take: beyond, something runs in a circle. */
const longestInstantMs = 120_000

export class VirtualTime {
  readonly #began: number
  #now: number
  readonly #timers = new TimerHeap()
  #immediates = 0
  readonly #jobs = new Set<number>()
  readonly clock: Clock

  /** Replaces the globals of this process for good. */
  constructor(seed: number, began = Date.UTC(2026, 0, 1)) {
    this.#began = began
    this.#now = began
    this.clock = {
      now: () => Math.floor(this.#now),
      monotonic: () => this.#now - this.#began,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    }
    this.#replaceTime()
    this.#replaceRandom(new Random(seed))
    this.#countJobs()
  }

  get now(): number {
    return this.#now
  }

  /** Runs everything that is due by then. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await this.#settled()
      const next = this.#timers.first
      if (next === undefined || next.due > end) break
      this.#now = Math.max(this.#now, next.due)
      // All of one instant together, in their order.
      for (let timer = this.#timers.first; timer !== undefined && timer.due <= this.#now; timer = this.#timers.first) {
        this.#timers.remove(timer)
        timer.fire()
      }
    }
    this.#now = end
  }

  /** Resolves when nothing runs: no immediate is left, which also means that all microtasks have run, and no work of other threads. */
  async #settled(): Promise<void> {
    const began = real.now()
    do {
      await new Promise<void>(resolve => real.setImmediate(resolve))
      if (real.now() - began > longestInstantMs) throw new Error(`something runs without end at ${new Date(this.#now).toISOString()}`)
    } while (this.#immediates > 0 || this.#jobs.size > 0)
  }

  #after(ms: number, fire: () => void): VirtualTimer {
    return this.#timers.add(this.#now + Math.max(1, Number.isFinite(ms) ? ms : 1), fire)
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        this.#timers.remove(timer)
        reject(signal?.reason)
      }
      const timer = this.#after(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  #replaceTime(): void {
    const virtual = this
    const RealDate = Date
    globalThis.Date = class extends RealDate {
      constructor(...args: []) {
        if (args.length === 0) super(virtual.#now)
        else super(...args)
      }
      static override now = () => Math.floor(virtual.#now)
    } as DateConstructor
    performance.now = () => this.#now - this.#began
    const handleOf = (timer: VirtualTimer, again?: () => void) => ({
      timer,
      ref: () => handleOf(timer),
      unref: () => handleOf(timer, again),
      hasRef: () => true,
      [Symbol.dispose]: () => this.#timers.remove(timer),
    })
    const clear = (handle: { timer?: VirtualTimer } | undefined) => {
      if (handle?.timer !== undefined) this.#timers.remove(handle.timer)
    }
    const setTimeout = (task: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) => handleOf(this.#after(ms, () => task(...args)))
    const setInterval = (task: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) => {
      const handle: { timer: VirtualTimer; unref(): unknown; ref(): unknown } = {
        timer: undefined as never,
        unref: () => handle,
        ref: () => handle,
      }
      const next = () => {
        handle.timer = this.#after(ms, () => {
          next()
          task(...args)
        })
      }
      next()
      return handle
    }
    Object.assign(globalThis, { setTimeout, setInterval, clearTimeout: clear, clearInterval: clear })
    AbortSignal.timeout = ms => {
      const controller = new AbortController()
      this.#after(ms, () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')))
      return controller.signal
    }
    const pending = new WeakSet<object>()
    Object.assign(globalThis, {
      setImmediate: (task: (...args: unknown[]) => void, ...args: unknown[]) => {
        this.#immediates++
        const handle = real.setImmediate(() => {
          this.#immediates--
          pending.delete(handle)
          task(...args)
        })
        pending.add(handle)
        return handle
      },
      clearImmediate: (handle: NodeJS.Immediate) => {
        if (handle !== undefined && pending.delete(handle)) this.#immediates--
        real.clearImmediate(handle)
      },
    })
  }

  #replaceRandom(random: Random): void {
    Math.random = () => random.next()
    const fill = (bytes: Uint8Array): void => {
      for (let index = 0; index < bytes.length; index++) bytes[index] = random.below(256)
    }
    const randomBytes = (size: number, done?: (err: null, bytes: Buffer) => void) => {
      const bytes = Buffer.alloc(size)
      fill(bytes)
      if (done === undefined) return bytes
      process.nextTick(done, null, bytes)
      return undefined
    }
    const randomUUID = () => {
      const text = (randomBytes(16) as Buffer).toString('hex')
      return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-a${text.slice(17, 20)}-${text.slice(20)}`
    }
    Object.assign(crypto, { randomBytes, randomUUID })
    syncBuiltinESMExports()
  }

  /**
   * Of other threads: keys and signatures, one at a time. Time waits for them, so that their speed changes nothing. Files are refused: of two
   * that are read at once, either may come first.
   */
  #countJobs(): void {
    const isJob = /REQUEST$|^WORKER$|^ZLIB$/
    const options = {
      init: (id: number, type: string) => {
        if (isJob.test(type)) this.#jobs.add(id)
        else if (type.startsWith('FSREQ')) throw new Error('A part of the simulated cluster opens a file; its host must simulate that')
      },
      after: (id: number) => void this.#jobs.delete(id),
      destroy: (id: number) => void this.#jobs.delete(id),
      trackPromises: false,
    }
    async_hooks.createHook(options).enable()
  }
}
