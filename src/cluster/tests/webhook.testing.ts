// A webhook for tests: an HTTPS server that records its requests and answers as the test decides.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests read reviews of any shape
export type Review = any

export interface Sent {
  /** The caller: common name of the client's certificate, and the header. */
  readonly caller: { readonly certificate: string | undefined; readonly authorization: string | undefined }
  readonly path: string
  readonly review: Review
}

/** The answer: fields of the response, or an action on the connection. */
export type Respond = (review: Review, path: string, answer: ServerResponse) => object | undefined

export class TestWebhook implements AsyncDisposable {
  readonly #server: Server
  readonly port: number
  /** For `clientConfig.caBundle`. */
  readonly caBundle: string
  /** Its own certificate, for `clientConfig.caBundle` too. */
  readonly ownBundle: string
  readonly sent: Sent[] = []
  respond: Respond = () => ({ allowed: true })

  private constructor(server: Server, port: number, authority: string, certificate: string) {
    this.#server = server
    this.port = port
    this.caBundle = Buffer.from(authority).toString('base64')
    this.ownBundle = Buffer.from(certificate).toString('base64')
  }

  /** A kubeconfig whose current context is this server at `path`, as `user`. */
  kubeconfig(path: string, user: object) {
    return {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'hook', user: 'server' } }],
      clusters: [{ name: 'hook', cluster: { server: this.clientConfig(path).url, 'certificate-authority-data': this.caBundle } }],
      users: [{ name: 'server', user }],
    }
  }

  static async open(): Promise<TestWebhook> {
    await using signer = createMemorySigner()
    const signal = new AbortController().signal
    const { keyPem, csr } = await createKeyAndCsr({ commonName: 'hook' })
    const names = { commonName: 'hook', organizations: [], dnsNames: ['localhost', 'hook.hooks.svc'], ipAddresses: ['127.0.0.1'] }
    const cert = await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 600 }, signal)
    const server = createServer({ key: keyPem, cert, requestCert: true, rejectUnauthorized: false })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const hook = new TestWebhook(server, port, await signer.authority('serving', signal), cert)
    server.on('request', (request, answer) => {
      hook.#receive(request, answer).catch((err: Error) => answer.destroy(err))
    })
    return hook
  }

  async #receive(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const review = JSON.parse(Buffer.concat(chunks).toString())
    const path = request.url ?? ''
    const { subject } = (request.socket as TLSSocket).getPeerCertificate()
    const certificate = subject?.CN
    this.sent.push({ caller: { certificate: String(certificate), authorization: request.headers.authorization }, path, review })
    const response = this.respond(review, path, answer)
    if (response === undefined) return
    const { apiVersion, kind } = review
    answer.setHeader('content-type', 'application/json')
    answer.end(JSON.stringify({ apiVersion, kind, response: { uid: review.request.uid, ...response } }))
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

/** The patch in a mutating webhook's answer. */
export const patching = (...operations: readonly object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})
