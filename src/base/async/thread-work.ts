// Runs a `ThreadQueue`'s work in the thread.
import { getPriority, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadReply } from './thread-queue.ts'

/** `handedOver` are the answer's buffers that are transferred without a copy. */
export function answerWork<Work, Answer>(
  answerTo: (work: Work) => Answer,
  handedOver: (answer: Answer) => readonly (Uint8Array | undefined)[],
): void {
  // It inherits the priority of the loop that answers requests, and must not compete with it.
  setPriority(Math.max(getPriority(), 10))
  let reply: ThreadReply<Answer>
  try {
    reply = { answer: answerTo(workerData as Work) }
  } catch (err) {
    reply = { problem: err instanceof Error ? err.message : String(err) }
  }
  parentPort?.postMessage(reply, 'answer' in reply ? ownBuffers(handedOver(reply.answer)) : [])
}

/** Transferable buffers; small buffers share their memory with others. */
function ownBuffers(all: readonly (Uint8Array | undefined)[]): ArrayBuffer[] {
  return all.flatMap(bytes => {
    if (bytes === undefined) return []
    const { buffer, byteLength } = bytes
    return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
  })
}
