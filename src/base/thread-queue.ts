// Work that would hold the event loop, done in a thread: one piece after another, so that nobody waits for it but who asked.
import { Worker } from 'node:worker_threads'
import { untilAborted } from './abort.ts'

export interface ThreadQueueOptions {
  /** Of the thread, for debuggers. */
  readonly name: string
  /** A module that calls `answerWork()`. */
  readonly module: URL
  /** A piece of work that needs more of the heap fails. */
  readonly memoryMiB: number
}

/** What a thread answers. */
export type ThreadReply<Answer> = { readonly answer: Answer } | { readonly problem: string }

/** The module of a thread beside the one that asks: TypeScript, or its own entry point in the bundle. `from` is the `import.meta.url` of that one. */
export function threadModule(name: string, from: string): URL {
  return new URL(from.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, from)
}

export class ThreadQueue<Work, Answer> {
  readonly #options: ThreadQueueOptions
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: ThreadQueueOptions) {
    this.#options = options
  }

  /** Rejects with the text of what the work threw, and at the signal. */
  async run(work: Work, signal: AbortSignal): Promise<Answer> {
    const running = this.#last.then(() => this.#runApart(work, signal))
    // The next one waits for this one's end, however that is.
    this.#last = running.catch(() => undefined)
    return await untilAborted(running, signal)
  }

  async #runApart(work: Work, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted()
    const { name, module, memoryMiB } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<ThreadReply<Answer>>()
    // The thread needs no flags of ours, and must not inherit a debugger's or a test runner's.
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
