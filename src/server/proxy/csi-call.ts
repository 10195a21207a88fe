// `POST /bulkhead/v1/csi/{node}/{driver}/{method}`: forwards one call of a controller to a CSI driver, through the tunnel of the node on which it
// is registered (docs/adr/0031-csi-controller-calls.md).
import {
  csiCallerPrefix,
  csiCallPathPrefix,
  maxCsiAnswerBytes,
  maxCsiRequestBytes,
  readCsiCallPath,
} from '../../api/nodes/csi-call-path.ts'
import { apiError, badRequest, unknownMethod } from '../../api/status.ts'
import { writeJson } from '../../base/write-json.ts'
import { readBody } from '../request/read-body.ts'
import type { PathHandler } from '../request/request-context.ts'
import { nodeRefusal } from './tunnel/node-refusal.ts'
import type { NodeTunnels } from './tunnel/node-tunnel.ts'

export function csiCallHandler(tunnels: Pick<NodeTunnels, 'requestNode'>): PathHandler {
  return async (context, path) => {
    if (!path.startsWith(csiCallPathPrefix)) return undefined
    const call = readCsiCallPath(path)
    if (call === undefined) return undefined
    const { request, user } = context
    if (request.method !== 'POST') throw unknownMethod()
    // Whatever roles grant: a request may hold the secrets of a storage system, and an answer those of a volume.
    if (!user.name.startsWith(csiCallerPrefix))
      throw apiError(403, 'Forbidden', `forbidden: User ${writeJson(user.name)} cannot call CSI drivers: only their controllers may`, {})
    const body = await readBody(context)
    if (body.length > maxCsiRequestBytes)
      throw badRequest(`the request of a CSI call has ${body.length} bytes, at most ${maxCsiRequestBytes} are accepted`)
    context.releaseSeat()
    const node = await tunnels.requestNode(call.node, { kind: 'csi', call, body }, request.signal)
    node.stream.on('error', () => undefined)
    if (node.status !== 200) throw await nodeRefusal(node.status, node.stream, 'unable to call the driver')
    const free = () => void node.stream.destroy()
    return {
      status: 200,
      contentType: 'application/json',
      headers: { 'x-content-type-options': 'nosniff' },
      longRunning: true,
      free,
      body: async (sink, signal) => {
        signal.addEventListener('abort', free, { once: true })
        try {
          let bytes = 0
          for await (const chunk of node.stream) {
            bytes += chunk.length
            if (bytes > maxCsiAnswerBytes) throw new Error(`the answer of a CSI call is larger than ${maxCsiAnswerBytes} bytes`)
            if (!sink.write(Buffer.from(chunk))) await sink.drained()
          }
        } finally {
          signal.removeEventListener('abort', free)
        }
      },
    }
  }
}
