// Reads OpenAPI documents of other servers: small ones at once, large ones in a thread of their own, one after another, so that nobody waits for them.
import { type OpenApiRequest, type OpenApiText, openApiText } from '../../../api/schema/openapi-text.ts'
import { ThreadQueue, threadModule } from '../../../base/thread-queue.ts'

export interface OpenApiWork {
  readonly body: Uint8Array
  readonly request: OpenApiRequest
}

/** A larger document would hold the event loop for more than some milliseconds. */
const atOnceBytes = 64 * 1024
/** Some thirty times the largest document. */
const memoryMiB = 256

export class OpenApiReader {
  readonly #apart = new ThreadQueue<OpenApiWork, OpenApiText | undefined>({
    name: 'openapi-text',
    module: threadModule('openapi-text-worker', import.meta.url),
    memoryMiB,
  })

  /** Rejects with an Error for what is no document, and at the signal. */
  async read(body: Buffer, request: OpenApiRequest, signal: AbortSignal): Promise<OpenApiText | undefined> {
    return body.length <= atOnceBytes ? openApiText(body, request) : this.#apart.run({ body, request }, signal)
  }
}
