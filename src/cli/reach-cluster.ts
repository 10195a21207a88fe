// Talks to a found cluster; whatever keeps its server from answering becomes one sentence that names the server and the kubeconfig.
import { X509Certificate } from 'node:crypto'
import { codeOf, messageOf, UserError } from '../base/user-error.ts'
import { createHttpTransport } from '../client/http-transport.ts'
import type { ApiRequest, ApiResponse, Transport } from '../client/transport.ts'
import type { FoundKubeconfig } from './find-kubeconfig.ts'

/** Connects on first use. Its requests throw a UserError where no answer comes, and what the signal says where that ended them. */
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
    // Nothing is connected yet: the kubeconfig names no https URL.
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

/** Of a TLS handshake: the certificate was signed by somebody else than the kubeconfig's authority. */
const strangerCodes = /^(SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/
/** Of one whose certificate has another name or time, or where no TLS is spoken. */
const handshakeCodes = /^(CERT_|ERR_TLS_|ERR_SSL_)/

const others = 'with --kubeconfig, --data-dir or the variable KUBECONFIG'

/** `now`: milliseconds since the epoch. */
export function notAccepted({ path, config: { server, certificate } }: FoundKubeconfig, now: number): string {
  const end = certificate === undefined ? undefined : new X509Certificate(certificate).validToDate
  const why = end !== undefined && end.getTime() < now ? ` (its client certificate ended at ${end.toISOString()})` : ''
  return `The API server ${server} does not accept the credentials of kubeconfig "${path}"${why}: name another one ${others}`
}

export function noAnswer({ path, config: { server } }: FoundKubeconfig, err: unknown): string {
  const code = codeOf(err)
  // Node's own words advise to trust more.
  if (strangerCodes.test(code))
    return `The server at ${server} is not the one that kubeconfig "${path}" belongs to, its certificate is of another authority (${code}): name the right kubeconfig ${others}`
  if (handshakeCodes.test(code))
    return `The server at ${server} cannot be verified with kubeconfig "${path}" (${messageOf(err)}): name the right one ${others}`
  const why = code === 'ECONNREFUSED' ? 'nobody listens there' : messageOf(err) || code
  return `The API server ${server} of kubeconfig "${path}" does not answer (${why}): start it with "bulkhead up", or name another cluster ${others}`
}
