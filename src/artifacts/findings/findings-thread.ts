// Findings in a thread of low priority: reading, matching and searching never delay an answer about an image that is being admitted.
import { Worker } from 'node:worker_threads'
import type { PackageAnswer } from '../../api/package-search.ts'
import { untilAborted } from '../../base/async/abort.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import type { Findings, Rematch, SourceRule } from './findings.ts'
import type { FindingsCall, FindingsMethod, FindingsReply } from './findings-call.ts'
import type { FindingsAnswer, ImageReport } from './image-report.ts'

/** V8's heap of the thread; what is kept of 5,000 images needs less than half. */
const memoryMib = 384

interface Waiting {
  resolve(value: unknown): void
  reject(err: Error): void
}

export class FindingsThread implements Findings {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #failure = Promise.withResolvers<never>()
  #next = 1
  #ended: Error | undefined
  #closes = false

  /** `module` calls `serveFindings()`. */
  constructor(module: URL, data: unknown) {
    this.#worker = new Worker(module, {
      workerData: data,
      execArgv: [],
      name: 'findings',
      resourceLimits: { maxOldGenerationSizeMb: memoryMib },
    })
    this.#failure.promise.catch(() => undefined)
    this.#worker.on('message', (reply: FindingsReply) => this.#onReply(reply))
    this.#worker.on('error', err => this.#end(new Error('The thread of findings failed', { cause: err })))
    this.#worker.on('exit', () => this.#end(new Error('The thread of findings has ended')))
  }

  /** Rejects when the thread fails, after which no call is answered. */
  get failure(): Promise<never> {
    return this.#failure.promise
  }

  // The thread answers with what `Findings` returns.
  async load(signal: AbortSignal): Promise<readonly ImageReport[]> {
    return (await this.#call('load', [], signal)) as readonly ImageReport[]
  }

  async scan(image: Digest, folder: string, signal: AbortSignal): Promise<ImageReport> {
    return (await this.#call('scan', [image, folder], signal)) as ImageReport
  }

  async attest(image: Digest, document: string, signal: AbortSignal): Promise<ImageReport> {
    return (await this.#call('attest', [image, document], signal)) as ImageReport
  }

  async explain(image: Digest, documents: readonly string[], signal: AbortSignal): Promise<ImageReport | undefined> {
    return (await this.#call('explain', [image, documents], signal)) as ImageReport | undefined
  }

  async rematch(rules: readonly SourceRule[], signal: AbortSignal): Promise<Rematch> {
    return (await this.#call('rematch', [rules], signal)) as Rematch
  }

  async used(images: readonly Digest[], signal: AbortSignal): Promise<void> {
    await this.#call('used', [images], signal)
  }

  async findingsOf(image: Digest, signal: AbortSignal): Promise<FindingsAnswer> {
    return (await this.#call('findingsOf', [image], signal)) as FindingsAnswer
  }

  async where(text: string, signal: AbortSignal): Promise<PackageAnswer> {
    return (await this.#call('where', [text], signal)) as PackageAnswer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closes = true
    if (this.#ended === undefined) await this.#call('close', [], new AbortController().signal)
    await this.#worker.terminate()
  }

  async #call(method: FindingsMethod, args: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted()
    if (this.#ended !== undefined) throw this.#ended
    const id = this.#next++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.set(id, { resolve, reject })
    this.#send({ id, method, args })
    const onAbort = () => this.#send({ id, abort: messageOf(signal.reason) })
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await untilAborted(promise, signal)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #send(call: FindingsCall): void {
    this.#worker.postMessage(call)
  }

  #onReply(reply: FindingsReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('value' in reply) waiting?.resolve(reply.value)
    else waiting?.reject(reply.isUserError ? new UserError(reply.problem) : new Error(reply.problem))
  }

  #end(err: Error): void {
    this.#ended ??= err
    if (!this.#closes) this.#failure.reject(this.#ended)
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }
}
