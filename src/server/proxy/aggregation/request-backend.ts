// Requests of this server itself to aggregated servers: availability checks and documents. Responses are limited, redirects refused.
import type { UserInfo } from '../../../api/user.ts'
import { untilAborted } from '../../../base/async/abort.ts'
import { answerHead } from '../../../base/net/answer-head.ts'
import { request as httpRequest } from '../../../base/net/node-http.ts'
import { boundedAnswer } from '../../http/bounded-answer.ts'
import type { BackendEndpoint } from './backend-state.ts'
import { type ConnectApiParts, connectApi, hostOf } from './connect-api.ts'
import { identityHeaders } from './identity-headers.ts'
import type { RegisteredApi } from './registered-api.ts'

/** As upstream: an identity that backends allow to read discovery. */
const aggregator: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] }

export interface BackendRequest {
  readonly path: string
  readonly accept?: string
  /** ETag of the known document; the response is 304 if it did not change. */
  readonly etag?: string | undefined
  /** Larger responses are an error; 0 if only the status counts. */
  readonly maxBytes: number
}

export interface BackendAnswer {
  readonly status: number
  readonly contentType: string
  readonly etag: string | undefined
  readonly body: Buffer
}

const maxHeaderBytes = 64 * 1024

/** Rejects if there is no response; any status is a response. `signal` limits the time. */
export async function requestBackend(
  parts: ConnectApiParts,
  api: RegisteredApi,
  endpoint: BackendEndpoint,
  { path, accept = 'application/json', etag, maxBytes }: BackendRequest,
  signal: AbortSignal,
): Promise<BackendAnswer> {
  const stream = await connectApi(parts, api, endpoint, signal)
  const headers = { ...identityHeaders(aggregator), host: hostOf(api.service), accept, connection: 'close' }
  const outgoing = httpRequest({
    path,
    headers: etag === undefined ? headers : { ...headers, 'if-none-match': etag },
    setHost: false,
    maxHeaderSize: maxHeaderBytes,
    createConnection: () => stream,
  })
  const abort = () => {
    outgoing.destroy()
    stream.destroy()
  }
  signal.addEventListener('abort', abort, { once: true })
  const answer = answerHead(outgoing)
  if (signal.aborted) abort()
  outgoing.end()
  try {
    const message = await untilAborted(answer, signal)
    const { statusCode: status = 0, headers: answered } = message
    return {
      status,
      contentType: answered['content-type'] ?? '',
      etag: answered.etag,
      body: status === 200 && maxBytes > 0 ? await boundedAnswer(message, maxBytes) : Buffer.alloc(0),
    }
  } catch (err) {
    signal.throwIfAborted()
    throw err
  } finally {
    signal.removeEventListener('abort', abort)
    outgoing.destroy()
    stream.destroy()
  }
}
