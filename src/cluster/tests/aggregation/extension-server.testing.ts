// An aggregated server for tests: real TLS on loopback, and verification of the front proxy like Kubernetes' libraries, behind a pod of a
// node that provides connections to it.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { createKeyAndCsr } from '../../../access/pki/key-and-csr.ts'
import type { ApiServer } from '../../../server/api-server.ts'
import type { Signer } from '../../../signer/signer.ts'
import { flunderServer, group } from './flunder-server.testing.ts'

export const apiServices = '/apis/apiregistration.k8s.io/v1/apiservices'
export const extensionService = { namespace: 'default', name: 'wardle', port: 443 } as const

/** Creates an object; rejects if it is refused. */
export type Create = (path: string, object: object) => Promise<unknown>

export interface ExtensionOptions {
  /** Default: what the service is called. */
  readonly dnsName?: string
  /** Default: `flunderServer()`. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void
}

/** One request as the backend received it. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly headersDistinct: IncomingMessage['headersDistinct']
  /** The port at the other end of its connection. */
  readonly clientPort: number
  /** Common name of the verified client certificate. */
  readonly frontProxy: string | undefined
}

export class ExtensionServer implements AsyncDisposable {
  readonly port: number
  readonly caBundle: string
  readonly seen: Seen[] = []
  readonly https: Server
  readonly #sockets = new Set<Socket>()
  answer: NonNullable<ExtensionOptions['answer']>
  /** Number of opened connections. */
  connections = 0

  private constructor(https: Server, port: number, authority: string, answer: NonNullable<ExtensionOptions['answer']>) {
    this.https = https
    this.port = port
    this.caBundle = Buffer.from(authority).toString('base64')
    this.answer = answer
    https.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.note(request)
      this.answer(request, response)
    })
    https.on('connection', (socket: Socket) => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(signer: Signer, { dnsName, answer = flunderServer() }: ExtensionOptions = {}): Promise<ExtensionServer> {
    const signal = AbortSignal.timeout(60_000)
    const { keyPem, csr } = await createKeyAndCsr({ commonName: 'wardle' })
    const names = { organizations: [], dnsNames: [dnsName ?? 'wardle.default.svc'], ipAddresses: [] }
    const certificate = await signer.issueCertificate(
      { authority: 'serving', csr, commonName: 'wardle', ...names, lifetimeSeconds: 3600 },
      signal,
    )
    const frontProxyAuthority = await signer.authority('front-proxy', signal)
    const https = createServer({ cert: certificate, key: keyPem, ca: frontProxyAuthority, requestCert: true, rejectUnauthorized: false })
    https.listen(0, '127.0.0.1')
    await once(https, 'listening')
    const address = https.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return new ExtensionServer(https, port, await signer.authority('serving', signal), answer)
  }

  note(request: IncomingMessage): void {
    const socket = request.socket as TLSSocket
    const { method = '', url = '', headers, headersDistinct } = request
    const name = socket.authorized ? socket.getPeerCertificate().subject.CN : undefined
    this.seen.push({
      method,
      url,
      headers,
      headersDistinct,
      clientPort: socket.remotePort ?? 0,
      frontProxy: typeof name === 'string' ? name : undefined,
    })
  }

  /** Requests of clients, without the API server's own checks. */
  get asked(): Seen[] {
    return this.seen.filter(({ headers }) => headers['x-remote-user'] !== 'system:kube-aggregator')
  }

  /** The node of this pod provides connections to this server. */
  standBehind(server: ApiServer, podName: string): void {
    server.nodeTunnels.register(`node-of-${podName}`, async ({ kind }) =>
      kind === 'dial'
        ? { status: 200, contentType: '', stream: connect({ port: this.port, host: '127.0.0.1' }) }
        : // It has no metrics; the extension server would let the request wait for its timeout.
          { status: 404, contentType: '', stream: new PassThrough().end() },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.https.close()
    await once(this.https, 'close')
  }
}

export function apiServiceFor(extension: ExtensionServer, spec: object = {}): object {
  const { namespace, name } = extensionService
  return {
    metadata: { name: `v1.${group}` },
    spec: {
      ...{ group, version: 'v1', groupPriorityMinimum: 2000, versionPriority: 10 },
      ...{ service: { namespace, name }, caBundle: extension.caBundle },
      ...spec,
    },
  }
}

/** A Service with one endpoint: a pod with its address on a separate node. `slice` is merged into its EndpointSlice. */
export async function createService(
  create: Create,
  putStatus: (path: string, status: object) => Promise<unknown>,
  pod: { metadata: { name: string }; spec: object },
  slice: object = {},
): Promise<void> {
  const { namespace, name } = extensionService
  const inNamespace = `/api/v1/namespaces/${namespace}`
  const podName = pod.metadata.name
  await create('/api/v1/nodes', { metadata: { name: `node-of-${podName}` } })
  await create(`${inNamespace}/pods`, { ...pod, spec: { ...pod.spec, nodeName: `node-of-${podName}` } })
  await putStatus(`${inNamespace}/pods/${podName}/status`, { podIP: '10.1.2.3', podIPs: [{ ip: '10.1.2.3' }] })
  await create(`${inNamespace}/services`, { metadata: { name }, spec: { ports: [{ name: 'https', port: 443, targetPort: 8443 }] } })
  await create(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
    metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: 8443, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true }, targetRef: { kind: 'Pod', namespace, name: podName } }],
    ...slice,
  })
}
