// Unary gRPC calls to a server on a unix socket: a deadline, a signal, and a limit for the answer's bytes.
import { Client, credentials, type ServiceError } from '@grpc/grpc-js'
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader'
import { type ProtocolTable, protocolDescriptor } from './descriptor.ts'

/** A call without an answer. `code` is a number of gRPC, `details` the server's own text: neither bounded nor safe to print. */
export class GrpcFailure extends Error {
  readonly code: number
  readonly details: string
  constructor(code: number, details: string, options?: ErrorOptions) {
    super(`gRPC call failed with code ${code}`, options)
    this.name = 'GrpcFailure'
    this.code = code
    this.details = details
  }
}

export interface UnaryClientOptions {
  readonly table: ProtocolTable
  /** Path of the unix socket. */
  readonly socket: string
  readonly maxAnswerBytes: number
}

/** Answers are plain objects as the table says, with unset messages null; enums are names, 64-bit numbers texts. */
export class UnaryClient implements Disposable {
  readonly #client: Client
  readonly #services: ReturnType<typeof fromJSON>
  readonly #table: ProtocolTable

  constructor({ table, socket, maxAnswerBytes }: UnaryClientOptions) {
    this.#table = table
    this.#services = loadServices(table)
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      // A unix socket has no host name; without this grpc-js sends the path as :authority, which Go servers refuse.
      'grpc.default_authority': 'localhost',
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
      'grpc.max_receive_message_length': maxAnswerBytes,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
      // Another process may listen at the same path later, so each client has a connection of its own.
      'grpc.use_local_subchannel_pool': 1,
    })
  }

  /** Rejects with GrpcFailure, or with the signal's reason. */
  async call(method: string, request: object, timeoutMs: number, signal: AbortSignal): Promise<unknown> {
    try {
      return await callUnary(this.#client, methodOf(this.#services, this.#table, method), request, { timeoutMs, signal })
    } catch (err) {
      if (signal.aborted || !isServiceError(err)) throw err
      throw new GrpcFailure(err.code, err.details, { cause: err })
    }
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }
}

/** One call with a deadline. Rejects with the error of grpc-js, or with the signal's reason. */
export function callUnary(
  client: Client,
  { path, requestSerialize, responseDeserialize }: ServiceDefinition[string],
  request: object,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const options = { deadline: Date.now() + timeoutMs }
    const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, (err, answer: unknown) => {
      signal?.removeEventListener('abort', cancel)
      if (!err) resolve(answer)
      else reject(signal?.aborted ? signal.reason : err)
    })
    const cancel = () => call.cancel()
    signal?.addEventListener('abort', cancel, { once: true })
  })
}

/** Also for servers of tests. Numbers of 64 bits are texts, or numbers where they are below 2^53. */
export function loadServices(table: ProtocolTable, longs: typeof String | typeof Number = String): ReturnType<typeof fromJSON> {
  const descriptor: object = protocolDescriptor(table)
  return fromJSON(descriptor, { keepCase: true, longs, enums: String, defaults: true })
}

export function methodOf(
  services: ReturnType<typeof fromJSON>,
  { packageName, methods }: ProtocolTable,
  method: string,
): ServiceDefinition[string] {
  const [service = ''] = methods[method] ?? []
  const found = serviceOf(services, `${packageName}.${service}`)[method]
  if (found === undefined) throw new Error(`Cannot call "${method}": it is not in the protocol table`)
  return found
}

export function serviceOf(services: ReturnType<typeof fromJSON>, name: string): ServiceDefinition {
  const found = services[name]
  if (found === undefined || 'format' in found) throw new Error(`Cannot load "${name}": it is not a service`)
  // What has no format is a service: the third kind, a message, has one.
  return found as ServiceDefinition
}

export function isServiceError(err: unknown): err is ServiceError {
  return err instanceof Error && 'code' in err && typeof err.code === 'number' && 'details' in err && typeof err.details === 'string'
}
