// Connections to the members of an etcd cluster over mutual TLS: unary calls with deadlines, streams, and failover to the next member.
import { isIP } from 'node:net'
import { checkServerIdentity, createSecureContext } from 'node:tls'
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js'
import type { ServiceDefinition } from '@grpc/proto-loader'
import { callUnary, loadServices, methodOf } from '../../base/grpc/unary-client.ts'
import { EtcdError, etcdError } from './etcd-error.ts'
import { etcdTable, type StreamMethod, type UnaryMethod } from './protocol.ts'

export interface EtcdTls {
  /** PEM. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface EtcdAddress {
  /** `https://host:port` of the members, at least one. */
  readonly endpoints: readonly string[]
  readonly tls: EtcdTls
}

/** A page of large objects has at most about this many bytes, see `range()`. */
const maxMessageBytes = 64 * 2 ** 20
const callMs = 5_000
/** etcd ends connections that ping more often than every 5 s (--grpc-keepalive-min-time). */
const pingEveryMs = 6_000
const pingTimeoutMs = 3_000

/** @internal The one place where etcd's answers get a type: the caller names the expected message. */
export class EtcdClient implements Disposable {
  readonly endpoints: readonly string[]
  readonly #clients: readonly Client[]
  readonly #services = loadServices(etcdTable, Number)
  /** For members, whose numbers have 64 bits. */
  readonly #exactServices = loadServices(etcdTable)
  /** Index of the member in use. */
  #current = 0

  constructor({ endpoints, tls }: EtcdAddress) {
    this.endpoints = endpoints
    const context = createSecureContext({ ...tls, minVersion: 'TLSv1.3' })
    const options = {
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': maxMessageBytes,
      'grpc.keepalive_time_ms': pingEveryMs,
      'grpc.keepalive_timeout_ms': pingTimeoutMs,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
    }
    this.#clients = endpoints.map(endpoint => {
      const { target, host } = placeOf(endpoint)
      // Node sends no address as the name of a server, but the certificate must be for it all the same.
      const name = isIP(host) === 0 ? host : 'etcd'
      const verified = credentials.createFromSecureContext(context, { checkServerIdentity: (_, cert) => checkServerIdentity(host, cert) })
      return new Client(target, verified, { ...options, 'grpc.ssl_target_name_override': name })
    })
  }

  get endpoint(): string {
    return this.endpoints[this.#current] ?? ''
  }

  /** Rejects with EtcdError. A member that does not answer is left for the next one. */
  async call<T>(method: UnaryMethod, request: object, { timeoutMs = callMs, signal }: CallOptions = {}): Promise<T> {
    const at = this.#current
    try {
      return await this.#unary<T>(at, method, request, timeoutMs, signal)
    } catch (err) {
      if (signal?.aborted) throw signal.reason
      throw this.#failed(err, at)
    }
  }

  /** Asks one member only. */
  async ask<T>(member: number, method: UnaryMethod, request: object, { timeoutMs = callMs, signal }: CallOptions = {}): Promise<T> {
    try {
      return await this.#unary<T>(member, method, request, timeoutMs, signal)
    } catch (err) {
      throw etcdError(err, this.endpoints[member] ?? '')
    }
  }

  /** Calls until a member answers, or until the time is over. Only for requests that may happen twice. */
  async persist<T>(method: UnaryMethod, request: object, { timeoutMs = callMs, signal }: CallOptions = {}): Promise<T> {
    const until = performance.now() + timeoutMs
    for (;;) {
      try {
        return await this.call<T>(method, request, { timeoutMs: Math.max(1, Math.min(callMs, until - performance.now())), signal })
      } catch (err) {
        if (!(err instanceof EtcdError) || (err.fault !== 'unavailable' && err.fault !== 'busy')) throw err
        if (performance.now() + retryMs > until) throw err
        await delay(retryMs, signal)
      }
    }
  }

  /** The stream ends with the member: its caller opens another. Errors of `call()` choose the next member. */
  open<Request, Response>(method: StreamMethod): EtcdStream<Request, Response> {
    const at = this.#current
    const { path, requestSerialize, responseDeserialize } = this.#definition(method)
    const stream = this.#client(at).makeBidiStreamRequest(path, requestSerialize, responseDeserialize, requireLeader())
    return new EtcdStream(stream as unknown as ClientDuplexStream<Request, Response>, err => this.#failed(err, at))
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close()
  }

  #failed(err: unknown, at: number): EtcdError {
    const error = etcdError(err, this.endpoints[at] ?? '')
    if (error.fault === 'unavailable' && at === this.#current) this.#current = (at + 1) % this.#clients.length
    return error
  }

  async #unary<T>(member: number, method: UnaryMethod, request: object, timeoutMs: number, signal: AbortSignal | undefined): Promise<T> {
    return (await callUnary(this.#client(member), this.#definition(method), request, { timeoutMs, signal })) as T
  }

  #client(member: number): Client {
    const client = this.#clients[member]
    if (client === undefined) throw new RangeError(`No etcd member ${member}`)
    return client
  }

  #definition(method: UnaryMethod | StreamMethod): ServiceDefinition[string] {
    return methodOf(method.startsWith('Member') ? this.#exactServices : this.#services, etcdTable, method)
  }
}

export interface CallOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

/** Waits between attempts of `persist()`. */
const retryMs = 100

export class EtcdStream<Request, Response> implements Disposable {
  readonly #stream: ClientDuplexStream<Request, Response>
  readonly #failed: (err: unknown) => EtcdError

  constructor(stream: ClientDuplexStream<Request, Response>, failed: (err: unknown) => EtcdError) {
    this.#stream = stream
    this.#failed = failed
    // It is reported to whoever reads; a stream that is cancelled before reports it to nobody.
    stream.on('error', () => undefined)
  }

  send(request: Request): void {
    this.#stream.write(request)
  }

  /** Ends when the stream does; throws EtcdError if it failed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Response> {
    try {
      for await (const response of this.#stream) yield response as Response
    } catch (err) {
      throw this.#failed(err)
    }
    throw this.#failed(new EtcdError('unavailable', 'etcd ended the stream'))
  }

  [Symbol.dispose](): void {
    this.#stream.cancel()
  }
}

/** A member without a leader ends the stream instead of staying silent. */
function requireLeader(): Metadata {
  const metadata = new Metadata()
  metadata.set('hasleader', 'true')
  return metadata
}

function placeOf(endpoint: string): { readonly target: string; readonly host: string } {
  const { hostname, port } = new URL(endpoint)
  return { target: `dns:${hostname}:${port === '' ? 443 : port}`, host: hostname.replace(/^\[|\]$/g, '') }
}

function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
