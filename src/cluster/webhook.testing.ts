// A webhook for tests: an HTTPS server that remembers what it was sent and answers as the test says.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { createKeyAndCsr } from '../access/pki/key-and-csr.ts'
import { createMemorySigner } from '../signer/memory-signer.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests read reviews of any shape
export type Review = any

export interface Sent {
  readonly path: string
  readonly review: Review
}

/** What a webhook answers: the fields of the response, or what it does with the connection. */
export type Respond = (review: Review, path: string, answer: ServerResponse) => object | undefined

export class TestWebhook implements AsyncDisposable {
  readonly #server: Server
  readonly port: number
  /** For `clientConfig.caBundle`. */
  readonly caBundle: string
  readonly sent: Sent[] = []
  respond: Respond = () => ({ allowed: true })

  private constructor(server: Server, port: number, caBundle: string) {
    this.#server = server
    this.port = port
    this.caBundle = caBundle
  }

  static async open(): Promise<TestWebhook> {
    await using signer = createMemorySigner()
    const signal = new AbortController().signal
    const { keyPem, csr } = await createKeyAndCsr({ commonName: 'hook' })
    const names = { commonName: 'hook', organizations: [], dnsNames: ['localhost', 'hook.hooks.svc'], ipAddresses: ['127.0.0.1'] }
    const cert = await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 600 }, signal)
    const server = createServer({ key: keyPem, cert })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const hook = new TestWebhook(server, port, Buffer.from(await signer.authority('serving', signal)).toString('base64'))
    server.on('request', async (request, answer) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const review = JSON.parse(Buffer.concat(chunks).toString())
      const path = request.url ?? ''
      hook.sent.push({ path, review })
      const response = hook.respond(review, path, answer)
      if (response === undefined) return
      const { apiVersion, kind } = review
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify({ apiVersion, kind, response: { uid: review.request.uid, ...response } }))
    })
    return hook
  }

  clientConfig(path: string) {
    return { url: `https://localhost:${this.port}${path}`, caBundle: this.caBundle }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** The patch of a mutating webhook's answer. */
export const patching = (...operations: readonly object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})
