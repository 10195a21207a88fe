// A webhook of an attack: an HTTPS server on loopback that answers by path. The API server reaches it only on the same machine.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { Server } from 'node:net'
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { forgeCertificate } from '../../forged-certificate.ts'

const host = '127.0.0.1'
const day = 86_400_000
const maxReviewBytes = 4 * 1024 * 1024

export interface ReviewedRequest {
  readonly uid: string
  readonly object: Readonly<Record<string, unknown>> | null
  readonly oldObject?: Readonly<Record<string, unknown>> | null
  readonly subResource?: string
}

/** The fields of the response, or what it does with the connection. */
export type Respond = (request: ReviewedRequest, response: ServerResponse) => object | undefined

/** Where a webhook is called, and the authority that it is verified with. */
export interface HookAddress {
  readonly url: string
  readonly caBundle: string
}

export class WebhookBackend implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack
  readonly #addresses: Readonly<Record<'good' | 'otherAuthority' | 'otherName' | 'clearText' | 'closed', HookAddress>>
  readonly #answers = new Map<string, Respond>()
  /** Paths that were called. */
  readonly called = new Set<string>()

  private constructor(stack: AsyncDisposableStack, addresses: WebhookBackend['addresses']) {
    this.#stack = stack
    this.#addresses = addresses
  }

  /** Without a path. */
  get addresses(): Readonly<Record<'good' | 'otherAuthority' | 'otherName' | 'clearText' | 'closed', HookAddress>> {
    return this.#addresses
  }

  static async open(now: number): Promise<WebhookBackend> {
    await using stack = new AsyncDisposableStack()
    const valid = { notBefore: now - day, notAfter: now + day }
    const [own, foreign, misnamed] = await Promise.all([
      forgeCertificate({ subject: 'CN=bulkhead-prove-hook', ...valid, ipAddress: host }),
      forgeCertificate({ subject: 'CN=bulkhead-prove-hook', ...valid, ipAddress: host }),
      forgeCertificate({ subject: 'CN=bulkhead-prove-hook', ...valid, ipAddress: '192.0.2.1' }),
    ])
    let receive = async (_request: IncomingMessage, response: ServerResponse): Promise<void> => void response.destroy()
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      void receive(request, response).catch((err: Error) => response.destroy(err))
    }
    const listen = async (server: Server): Promise<string> => {
      server.listen(0, host)
      await once(server, 'listening')
      const address = server.address()
      return `${host}:${typeof address === 'object' ? address?.port : ''}`
    }
    const serve = async (server: Server & { closeAllConnections(): void }): Promise<string> => {
      stack.defer(async () => {
        server.closeAllConnections()
        await new Promise(resolve => server.close(resolve))
      })
      return await listen(server)
    }
    const tls = ({ certificate, key }: typeof own) => createServer({ cert: certificate, key }, answer)
    const bundle = ({ certificate }: typeof own) => Buffer.from(certificate).toString('base64')
    const good = `https://${await serve(tls(own))}`
    // A port that was free a moment ago.
    const closing = createPlainServer()
    const closed = `https://${await listen(closing)}`
    await new Promise(resolve => closing.close(resolve))
    const addresses = {
      good: { url: good, caBundle: bundle(own) },
      otherAuthority: { url: good, caBundle: bundle(foreign) },
      otherName: { url: `https://${await serve(tls(misnamed))}`, caBundle: bundle(misnamed) },
      clearText: { url: `https://${await serve(createPlainServer(answer))}`, caBundle: bundle(own) },
      closed: { url: closed, caBundle: bundle(own) },
    }
    const backend = new WebhookBackend(stack.move(), addresses)
    receive = (request, response) => backend.#receive(request, response)
    return backend
  }

  answer(path: string, respond: Respond): void {
    this.#answers.set(path, respond)
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?')
    this.called.add(path)
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of request) {
      size += chunk.length
      if (size > maxReviewBytes) throw new Error('the review is too large')
      chunks.push(chunk)
    }
    const review = parseJson(Buffer.concat(chunks).toString()) as { apiVersion: string; kind: string; request: ReviewedRequest }
    const fields = this.#answers.get(path)?.(review.request, response)
    if (fields === undefined) return
    response.setHeader('content-type', 'application/json')
    response.end(writeJson({ apiVersion: review.apiVersion, kind: review.kind, response: { uid: review.request.uid, ...fields } }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]()
  }
}
