// Reads OpenAPI documents of other servers: small ones at once, large ones in a thread of their own, one after another, so that nobody waits for them.
import { Worker } from 'node:worker_threads'
import { type OpenApiRequest, type OpenApiText, openApiText } from '../../api/schema/openapi-text.ts'
import { untilAborted } from '../../base/abort.ts'

/** What the thread answers. */
export type OpenApiReply = { readonly text: OpenApiText | undefined } | { readonly problem: string }

/** A larger document would hold the event loop for more than some milliseconds. */
const atOnceBytes = 64 * 1024
/** Some thirty times the largest document. */
const threadMiB = 256

export class OpenApiReader {
  #last: Promise<unknown> = Promise.resolve()

  /** Rejects with an Error for what is no document, and at the signal. */
  async read(body: Buffer, request: OpenApiRequest, signal: AbortSignal): Promise<OpenApiText | undefined> {
    if (body.length <= atOnceBytes) return openApiText(body, request)
    const reading = this.#last.then(() => readApart(body, request, signal))
    // The next one waits for this one's end, however that is.
    this.#last = reading.catch(() => undefined)
    return await untilAborted(reading, signal)
  }
}

/** The thread's module: TypeScript beside this file, or its own entry point in the bundle. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './openapi-text-worker.ts' : './openapi-text-worker.js', import.meta.url)
}

async function readApart(body: Buffer, request: OpenApiRequest, signal: AbortSignal): Promise<OpenApiText | undefined> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<OpenApiReply>()
  // The thread needs no flags of ours, and must not inherit a debugger's or a test runner's.
  const worker = new Worker(workerUrl(), {
    workerData: { body, request },
    execArgv: [],
    name: 'openapi-text',
    resourceLimits: { maxOldGenerationSizeMb: threadMiB },
  })
  worker.once('message', resolve)
  worker.once('error', reject)
  worker.once('exit', () => reject(new Error('the thread that reads OpenAPI ended without an answer')))
  try {
    const reply = await untilAborted(promise, signal)
    if ('problem' in reply) throw new Error(reply.problem)
    return reply.text
  } finally {
    await worker.terminate()
  }
}
