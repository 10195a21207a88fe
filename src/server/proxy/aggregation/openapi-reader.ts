// Parses OpenAPI documents of other servers: small ones directly, large ones one after another in a thread, so that they do not block the loop.
import { type OpenApiRequest, type OpenApiText, openApiText } from '../../../api/openapi/openapi-text.ts'
import { ThreadQueue, threadModule } from '../../../base/async/thread-queue.ts'

export interface OpenApiWork {
  readonly body: Uint8Array
  readonly request: OpenApiRequest
}

/** A larger document would block the event loop for more than a few milliseconds. */
const atOnceBytes = 64 * 1024
/** About thirty times the largest document. */
const memoryMiB = 256

export class OpenApiReader {
  readonly #apart = new ThreadQueue<OpenApiWork, OpenApiText | undefined>({
    name: 'openapi-text',
    module: threadModule('openapi-text-worker', import.meta.url),
    memoryMiB,
  })

  /** Rejects with an Error for an invalid document, and at the signal. */
  async read(body: Buffer, request: OpenApiRequest, signal: AbortSignal): Promise<OpenApiText | undefined> {
    return body.length <= atOnceBytes ? openApiText(body, request) : this.#apart.run({ body, request }, signal)
  }
}
