// The thread that reads one large OpenAPI document.
import { getPriority, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { type OpenApiRequest, type OpenApiText, openApiText } from '../../api/schema/openapi-text.ts'
import type { OpenApiReply } from './openapi-reader.ts'

// It was made by the loop that answers requests, and must not go before others as that does.
setPriority(Math.max(getPriority(), 10))

const { body, request } = workerData as { body: Uint8Array; request: OpenApiRequest }
let reply: OpenApiReply
try {
  reply = { text: openApiText(body, request) }
} catch (err) {
  reply = { problem: err instanceof Error ? err.message : String(err) }
}
parentPort?.postMessage(reply, 'text' in reply ? ownBuffers(reply.text) : [])

/** What can be handed over without a copy; small buffers share theirs with others. */
function ownBuffers(text: OpenApiText | undefined): ArrayBuffer[] {
  if (text === undefined) return []
  const all = [text.paths.text, text.definitions.text, text.v3].filter(bytes => bytes !== undefined)
  return all.flatMap(({ buffer, byteLength }) => (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []))
}
