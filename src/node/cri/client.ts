// One gRPC connection to a CRI socket: unary calls with a deadline and a signal, and the event stream.
import { Client, credentials, status } from '@grpc/grpc-js'
import { callUnary, isServiceError, loadServices, methodOf } from '../../base/grpc/unary-client.ts'
import { criTable, type ImageMethod, type RuntimeMethod } from './protocol.ts'
import { RuntimeError, type RuntimeErrorCode } from './runtime.ts'

const codes: Readonly<Record<number, RuntimeErrorCode>> = {
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [status.UNAVAILABLE]: 'Unavailable',
  [status.CANCELLED]: 'Cancelled',
  [status.UNIMPLEMENTED]: 'Unimplemented',
}

/** @internal The one place where wire answers get a type: the caller names the expected message. */
export class CriClient implements Disposable {
  readonly #client: Client
  readonly #services = loadServices(criTable)

  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      // A unix socket has no host name; without this grpc-js sends the path as :authority, which Go servers refuse.
      'grpc.default_authority': 'localhost',
      'grpc.max_receive_message_length': 16 * 1024 * 1024,
      'grpc.max_reconnect_backoff_ms': 2000,
      'grpc.initial_reconnect_backoff_ms': 100,
    })
  }

  runtime<T>(method: RuntimeMethod, request: object, timeoutMs: number, signal: AbortSignal): Promise<T> {
    return this.#call(method, request, timeoutMs, signal)
  }

  images<T>(method: ImageMethod, request: object, timeoutMs: number, signal: AbortSignal): Promise<T> {
    return this.#call(method, request, timeoutMs, signal)
  }

  async *events<T>(signal: AbortSignal): AsyncGenerator<T> {
    const method = methodOf(this.#services, criTable, 'GetContainerEvents')
    const stream = this.#client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, {})
    const cancel = () => stream.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      for await (const event of stream) yield event as T
    } catch (err) {
      if (!signal.aborted) throw runtimeError(err)
    } finally {
      signal.removeEventListener('abort', cancel)
      stream.cancel()
    }
  }

  async #call<T>(method: string, request: object, timeoutMs: number, signal: AbortSignal): Promise<T> {
    try {
      return (await callUnary(this.#client, methodOf(this.#services, criTable, method), request, { timeoutMs, signal })) as T
    } catch (err) {
      throw signal.aborted ? signal.reason : runtimeError(err)
    }
  }

  /** Resolves when a connection is established. */
  async ready(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) =>
      this.#client.waitForReady(Date.now() + timeoutMs, err => (err ? reject(runtimeError(err)) : resolve())),
    )
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }
}

function runtimeError(err: unknown): RuntimeError {
  if (!isServiceError(err)) return new RuntimeError('Unknown', err instanceof Error ? err.message : String(err), { cause: err })
  const code = codes[err.code] ?? 'Unknown'
  // Upstream's texts are Go's: `rpc error: code = NotFound desc = …`.
  return new RuntimeError(code, `rpc error: code = ${code === 'Cancelled' ? 'Canceled' : code} desc = ${err.details}`, { cause: err })
}
