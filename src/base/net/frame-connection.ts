// One process's connection to the socket of another part. It opens at the first request, and reopens when the part restarts.
import { createConnection, type Socket } from 'node:net'
import { type Clock, pause } from '../clock.ts'
import type { Logger } from '../log.ts'
import { createFrameReader, encodeFrame } from './frame.ts'

export type FrameAnswer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: Error }

/** The part at the other end. */
export interface FramePeer {
  /** For messages: `the signer`. */
  readonly name: string
  /** Undefined for a value that is no answer. */
  parseAnswer(value: unknown): FrameAnswer | undefined
  /** The error of a request that was not served, for callers who may ask again. */
  failure(why: 'lost' | 'busy', message: string): Error
}

export interface FrameConnectionOptions {
  readonly path: string
  readonly peer: FramePeer
  readonly clock: Clock
  readonly log: Logger
}

type Params = Readonly<Record<string, unknown>>

interface Request {
  readonly method: string
  /** Created when the request is sent. */
  readonly params: () => Params
  resolve(result: unknown): void
  reject(err: unknown): void
}

const firstDelayMs = 20
const maxDelayMs = 2000
const maxOpen = 1000

export class FrameConnection implements AsyncDisposable {
  readonly #options: FrameConnectionOptions
  readonly #closing = new AbortController()
  /** By id: requests that wait for a connection, and those that wait for an answer. */
  readonly #pending = new Map<number, Request>()
  readonly #sent = new Map<number, Request>()
  #socket: Socket | undefined
  #connected = false
  #retrying = false
  #delayMs = firstDelayMs
  #nextId = 1

  constructor(options: FrameConnectionOptions) {
    this.#options = options
  }

  /**
   * Waits for a connection if there is none. A sent request is never repeated: if its connection breaks before the answer, it rejects with
   * the peer's failure. Rejects with the error of the answer, or with the signal's reason.
   */
  call(method: string, params: Params | (() => Params), signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const stop = AbortSignal.any([signal, this.#closing.signal])
      if (stop.aborted) return reject(stop.reason)
      if (this.#pending.size + this.#sent.size >= maxOpen)
        return reject(this.#options.peer.failure('busy', `Cannot use ${this.#options.peer.name}: ${maxOpen} requests already wait`))
      const id = this.#nextId++
      const done = () => {
        stop.removeEventListener('abort', onAbort)
        this.#pending.delete(id)
        this.#sent.delete(id)
        // An idle connection must not keep a process running.
        if (this.#pending.size + this.#sent.size === 0) this.#socket?.unref()
      }
      const onAbort = () => {
        done()
        reject(stop.reason)
      }
      stop.addEventListener('abort', onAbort, { once: true })
      this.#pending.set(id, {
        method,
        params: params instanceof Function ? params : () => params,
        resolve: result => {
          done()
          resolve(result)
        },
        reject: err => {
          done()
          reject(err)
        },
      })
      if (this.#socket === undefined && !this.#retrying) this.#open()
      this.#socket?.ref()
      if (this.#connected) this.#sendPending()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error(`the connection to ${this.#options.peer.name} is closed`))
    this.#socket?.destroy()
  }

  #sendPending(): void {
    for (const [id, request] of this.#pending) {
      this.#pending.delete(id)
      try {
        const frame = encodeFrame({ id, method: request.method, params: request.params() })
        this.#sent.set(id, request)
        this.#socket?.write(frame)
      } catch (err) {
        // It does not fit into a frame: only this request fails.
        request.reject(err)
      }
    }
  }

  #open(): void {
    const { path, peer, log } = this.#options
    const socket = createConnection(path)
    this.#socket = socket
    const read = createFrameReader(value => this.#answered(value))
    socket.once('connect', () => {
      this.#connected = true
      this.#delayMs = firstDelayMs
      this.#sendPending()
    })
    socket.on('data', chunk => {
      try {
        read(chunk)
      } catch (err) {
        socket.destroy(err instanceof Error ? err : undefined)
      }
    })
    socket.on('error', err => log.debug('connection to a part lost', { path, err }))
    socket.once('close', () => {
      this.#connected = false
      this.#socket = undefined
      for (const { method, reject } of [...this.#sent.values()])
        reject(peer.failure('lost', `The connection to ${peer.name} broke before it answered "${method}"`))
      if (!this.#closing.signal.aborted && this.#pending.size > 0) void this.#reopen()
    })
    socket.unref()
  }

  #answered(value: unknown): void {
    const answer = this.#options.peer.parseAnswer(value)
    const request = answer === undefined ? undefined : this.#sent.get(answer.id)
    if (answer === undefined || request === undefined) return
    if ('error' in answer) request.reject(answer.error)
    else request.resolve(answer.result)
  }

  async #reopen(): Promise<void> {
    if (this.#retrying) return
    this.#retrying = true
    const wait = this.#delayMs
    this.#delayMs = Math.min(wait * 2, maxDelayMs)
    await pause(this.#options.clock, wait, this.#closing.signal)
    this.#retrying = false
    if (!this.#closing.signal.aborted && this.#socket === undefined && this.#pending.size > 0) this.#open()
  }
}
