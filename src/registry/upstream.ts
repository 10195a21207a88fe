// Requests to the registry behind this part, over its unix socket.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Agent, request } from '../base/net/node-http.ts'
import { RegistryFault } from './registry-fault.ts'
import type { UpstreamAccess } from './upstream-token.ts'

export interface UpstreamOptions {
  readonly socket: string
  token(access: readonly UpstreamAccess[]): string
}

export interface UpstreamRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly access: readonly UpstreamAccess[]
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Readable
}

/** Requests of an owner are limited before they get here. */
const maxConnections = 512
/** Until the answer begins, after the whole body was sent. Large blobs are hashed when an upload ends. */
const answerMs = 120_000

export class Upstream implements Disposable {
  readonly #options: UpstreamOptions
  readonly #agent = new Agent({ keepAlive: true, maxSockets: maxConnections, maxFreeSockets: 8 })

  constructor(options: UpstreamOptions) {
    this.#options = options
  }

  /** Resolves with the head of the answer; its body is the caller's to read. */
  async send({ method, path, access, headers = {}, body }: UpstreamRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { socket, token } = this.#options
    const answered = Promise.withResolvers<IncomingMessage>()
    const sent = request(
      {
        socketPath: socket,
        agent: this.#agent,
        ...{ method, path, signal },
        headers: { ...headers, host: 'registry', authorization: `Bearer ${token(access)}` },
        timeout: answerMs,
      },
      answered.resolve,
    )
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.once('error', cause => answered.reject(unavailable(cause)))
    if (body === undefined) sent.end()
    else {
      body.once('error', err => sent.destroy(err))
      body.pipe(sent)
    }
    return await answered.promise
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

function unavailable(cause: Error): RegistryFault {
  return cause instanceof RegistryFault ? cause : new RegistryFault('UNAVAILABLE', 'The registry does not answer', { cause })
}

/** Reads the rest of a short answer; rejects with a RegistryFault beyond `max` bytes. */
export async function readAnswer(answer: IncomingMessage, max: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > max) throw new RegistryFault('UNAVAILABLE', `The registry's answer has more than ${max} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
