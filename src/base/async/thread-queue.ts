// Runs work in a thread that would block the event loop: one piece at a time, alternating between flows.
import { Worker } from 'node:worker_threads'
import { untilAborted } from './abort.ts'

export interface ThreadQueueOptions {
  /** Name of the thread, for debuggers. */
  readonly name: string
  /** A module that calls `answerWork()`. */
  readonly module: URL
  /** A piece of work that exceeds this heap size fails. */
  readonly memoryMiB: number
  /** Limit of waiting pieces, per flow and in total. Default: none. */
  readonly maxWaiting?: { readonly ofFlow: number; readonly inAll: number }
}

/** Too many pieces are waiting. */
export class ThreadQueueFull extends Error {}

interface Waiting<Work, Answer> {
  readonly work: Work
  readonly signal: AbortSignal
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: unknown) => void
}

/** The answer of a thread. */
export type ThreadReply<Answer> = { readonly answer: Answer } | { readonly problem: string }

/** The module of a thread beside the calling one: TypeScript, or its own entry point in the bundle. `from` is the caller's `import.meta.url`. */
export function threadModule(name: string, from: string): URL {
  return new URL(from.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, from)
}

export class ThreadQueue<Work, Answer> {
  readonly #options: ThreadQueueOptions
  /** Waiting pieces by flow, the next flow first. */
  readonly #flows = new Map<string, Set<Waiting<Work, Answer>>>()
  #waiting = 0
  #isRunning = false

  constructor(options: ThreadQueueOptions) {
    this.#options = options
  }

  /**
   * Rejects with the text of the work's error, with the signal's reason, and with `ThreadQueueFull` if too much waits. A flow identifies
   * the caller: callers take turns, however many pieces one of them has.
   */
  async run(work: Work, signal: AbortSignal, flow = ''): Promise<Answer> {
    signal.throwIfAborted()
    const { maxWaiting } = this.#options
    const own = this.#flows.get(flow) ?? new Set()
    if (maxWaiting !== undefined && (own.size >= maxWaiting.ofFlow || this.#waiting >= maxWaiting.inAll)) throw new ThreadQueueFull()
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const piece = { work, signal, resolve, reject }
    own.add(piece)
    this.#flows.set(flow, own)
    this.#waiting += 1
    void this.#next()
    try {
      return await untilAborted(promise, signal)
    } finally {
      this.#remove(flow, own, piece)
    }
  }

  async #next(): Promise<void> {
    if (this.#isRunning) return
    const [turn] = this.#flows
    if (turn === undefined) return
    const [flow, own] = turn
    const [piece] = own
    if (piece === undefined) return
    this.#isRunning = true
    this.#remove(flow, own, piece)
    // Moves to the end.
    if (this.#flows.delete(flow)) this.#flows.set(flow, own)
    await this.#runApart(piece.work, piece.signal).then(piece.resolve, piece.reject)
    this.#isRunning = false
    void this.#next()
  }

  #remove(flow: string, own: Set<Waiting<Work, Answer>>, piece: Waiting<Work, Answer>): void {
    if (!own.delete(piece)) return
    this.#waiting -= 1
    if (own.size === 0) this.#flows.delete(flow)
  }

  async #runApart(work: Work, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted()
    const { name, module, memoryMiB } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<ThreadReply<Answer>>()
    // The thread needs none of our flags, and must not inherit those of a debugger or a test runner.
    const worker = new Worker(module, { workerData: work, execArgv: [], name, resourceLimits: { maxOldGenerationSizeMb: memoryMiB } })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error(`the thread ${name} ended without an answer`)))
    try {
      const reply = await untilAborted(promise, signal)
      if ('problem' in reply) throw new Error(reply.problem)
      return reply.answer
    } finally {
      await worker.terminate()
    }
  }
}
