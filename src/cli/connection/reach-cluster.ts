// Connects to a cluster. If its server does not answer, the error is one sentence that names the server and the kubeconfig.
import { X509Certificate } from 'node:crypto'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import type { ApiRequest, ApiResponse, Transport } from '../../client/transport/transport.ts'
import type { FoundKubeconfig } from './find-kubeconfig.ts'

/** Connects on first use. Requests throw a UserError if no answer comes, and the signal's reason if that ended them. */
export function reachCluster(found: FoundKubeconfig, userAgent: string): Transport {
  const { namespace: _, ...endpoint } = found.config
  return new ExplainingTransport(
    open(() => createHttpTransport({ ...endpoint, userAgent }), found),
    found,
  )
}

function open(create: () => Transport, { path }: FoundKubeconfig): Transport {
  try {
    return create()
  } catch (err) {
    // Not connected yet: the kubeconfig has no https URL.
    throw new UserError(`Cannot use kubeconfig "${path}": ${messageOf(err)}`, { cause: err })
  }
}

class ExplainingTransport implements Transport {
  readonly #inner: Transport
  readonly #found: FoundKubeconfig

  constructor(inner: Transport, found: FoundKubeconfig) {
    this.#inner = inner
    this.#found = found
  }

  async request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    try {
      const response = await this.#inner.request(request, signal)
      if (response.status === 401) throw new UserError(notAccepted(this.#found, Date.now()))
      return { ...response, body: this.#explained(response.body, signal) }
    } catch (err) {
      throw this.#explain(err, signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  async *#explained(body: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
    try {
      yield* body
    } catch (err) {
      throw this.#explain(err, signal)
    }
  }

  #explain(err: unknown, signal: AbortSignal): unknown {
    if (err instanceof UserError || (signal.aborted && err === signal.reason && !isTimeout(err))) return err
    return new UserError(noAnswer(this.#found, err), { cause: err })
  }
}

const isTimeout = (err: unknown): boolean => err instanceof Error && err.name === 'TimeoutError'

/** Codes of a TLS handshake in which the certificate has another authority than the kubeconfig. */
const strangerCodes = /^(SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/
/** Codes of a handshake in which the certificate has another name or has expired, or the server does not speak TLS. */
const handshakeCodes = /^(CERT_|ERR_TLS_|ERR_SSL_)/

const others = 'with --kubeconfig, --data-dir or the variable KUBECONFIG'

/** `now` in milliseconds since the epoch. */
export function notAccepted({ path, config: { server, certificate } }: FoundKubeconfig, now: number): string {
  const end = certificate === undefined ? undefined : new X509Certificate(certificate).validToDate
  const why = end !== undefined && end.getTime() < now ? ` (its client certificate expired at ${end.toISOString()})` : ''
  return `The API server ${server} does not accept the credentials of kubeconfig "${path}"${why}: use another one ${others}`
}

export function noAnswer({ path, config: { server } }: FoundKubeconfig, err: unknown): string {
  const code = codeOf(err)
  // The messages of Node advise to trust more certificates.
  if (strangerCodes.test(code))
    return `The server at ${server} does not belong to kubeconfig "${path}": its certificate has another authority (${code}). Use the right kubeconfig ${others}`
  if (handshakeCodes.test(code))
    return `The server at ${server} cannot be verified with kubeconfig "${path}" (${messageOf(err)}): use the right one ${others}`
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : messageOf(err) || code
  return `The API server ${server} of kubeconfig "${path}" does not answer (${why}): start it with "bulkhead up", or use another cluster ${others}`
}
