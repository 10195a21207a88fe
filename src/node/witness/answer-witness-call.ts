// Answers a call of the API server to the node as a witness of its audit log, through the tunnel.
import type { ServerHttp2Stream } from 'node:http2'
import { maxWitnessCallBytes, readWitnessCall } from '../../api/nodes/witness-call.ts'
import { apiError, badRequest } from '../../api/status.ts'
import { writeJson } from '../../base/write-json.ts'
import type { NodeWitness } from './node-witness.ts'

/** Rejects with ApiError: 404 for a node that is no witness, 405, or 400 for a malformed call. */
export async function answerWitnessCall(
  stream: ServerHttp2Stream,
  method: string | undefined,
  witness: Pick<NodeWitness, 'answer'> | undefined,
): Promise<void> {
  if (witness === undefined) throw apiError(404, 'NotFound', 'this node is no witness of audit logs', {})
  if (method !== 'POST') throw apiError(405, 'MethodNotAllowed', `method ${method} is not allowed for a witness`, {})
  const call = readWitnessCall(await bodyOf(stream))
  if (call === undefined) throw badRequest('the call of a witness must be a JSON object with logKey and submission')
  const reply = await witness.answer(call)
  stream.respond({ ':status': 200, 'content-type': 'application/json' })
  stream.end(writeJson(reply))
}

async function bodyOf(stream: ServerHttp2Stream): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    // Read to its end: a loop that is left destroys the stream, and with it the answer.
    if (bytes <= maxWitnessCallBytes) chunks.push(chunk)
  }
  if (bytes > maxWitnessCallBytes) throw badRequest(`the call of a witness has more than ${maxWitnessCallBytes} bytes`)
  return Buffer.concat(chunks).toString('utf8')
}
