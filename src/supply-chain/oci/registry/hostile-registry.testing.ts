// A registry on loopback over TLS that a test fills, and that lies where the test wants it to.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { createKeyAndCsr } from '../../../access/pki/key-and-csr.ts'
import { systemClock } from '../../../base/clock.ts'
import { createMemorySigner } from '../../../signer/memory-signer.ts'
import type { Digest } from '../digest.ts'
import type { Descriptor } from '../image-source.ts'
import { RegistryClient, type RegistryOptions } from './registry-client.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

export const repository = 'shop/web'
export const manifestType = 'application/vnd.oci.image.manifest.v1+json'
export const indexType = 'application/vnd.oci.image.index.v1+json'

export const digestOf = (bytes: Uint8Array | string): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

export class HostileRegistry implements AsyncDisposable {
  /** PEM of the authority that has signed its certificate. */
  readonly authorities: string
  readonly requests: { readonly method: string; readonly path: string; readonly authorization: string | undefined }[] = []
  readonly #server: Server
  readonly #handlers = new Map<string, Handler>()

  private constructor(server: Server, authorities: string) {
    this.#server = server
    this.authorities = authorities
    server.on('request', (request, response) => {
      const { method = '', url = '', headers } = request
      this.requests.push({ method, path: url, authorization: headers.authorization })
      const { pathname } = new URL(url, 'https://registry')
      const handler = this.#handlers.get(`${method} ${pathname}`) ?? this.#handlers.get(pathname)
      if (handler === undefined) response.writeHead(404).end()
      else handler(request, response)
    })
  }

  static async start({ dnsNames = ['localhost'], ipAddresses = ['127.0.0.1'] } = {}): Promise<HostileRegistry> {
    await using signer = createMemorySigner()
    const { signal } = new AbortController()
    const { keyPem, csr } = await createKeyAndCsr({ commonName: 'registry' })
    const names = { commonName: 'registry', organizations: [], dnsNames, ipAddresses }
    const cert = await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 600 }, signal)
    const server = createServer({ key: keyPem, cert })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new HostileRegistry(server, await signer.authority('serving', signal))
  }

  get host(): string {
    const address = this.#server.address()
    return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }

  /** `path` with or without a method: `GET /v2/…`. */
  on(path: string, handler: Handler): void {
    this.#handlers.set(path, handler)
  }

  answer(path: string, body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}, status = 200): void {
    this.on(path, (_request, response) => response.writeHead(status, headers).end(body))
  }

  putManifest(content: object, tag?: string, mediaType = manifestType): Descriptor {
    const bytes = JSON.stringify(content)
    const digest = digestOf(bytes)
    for (const name of tag === undefined ? [digest] : [digest, tag])
      this.answer(`/v2/${repository}/manifests/${name}`, bytes, { 'content-type': mediaType, 'docker-content-digest': digest })
    return { mediaType, digest, size: Buffer.byteLength(bytes) }
  }

  putBlob(bytes: Uint8Array | string): Descriptor {
    const digest = digestOf(bytes)
    this.answer(`/v2/${repository}/blobs/${digest}`, bytes)
    return { mediaType: 'application/octet-stream', digest, size: Buffer.byteLength(bytes) }
  }

  /** `naps` collects the pauses before repetitions, which end at once. */
  client(options: Partial<RegistryOptions> = {}, naps: number[] = []): RegistryClient {
    const sleep = async (ms: number): Promise<void> => void naps.push(ms)
    return new RegistryClient({ host: this.host, repository, authorities: this.authorities, clock: { ...systemClock, sleep }, ...options })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

export async function readAll(source: RegistryClient, descriptor: Descriptor, signal = new AbortController().signal): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source.blob(descriptor, signal)) parts.push(part)
  return Buffer.concat(parts)
}
