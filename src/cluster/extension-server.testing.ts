// A server behind an APIService, for tests: real TLS on loopback, the front proxy verified as the libraries of Kubernetes do, behind a pod of a node that
// hands out connections to it.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createKeyAndCsr } from '../access/pki/key-and-csr.ts'
import type { ApiServer } from '../server/api-server.ts'
import type { Signer } from '../signer/signer.ts'

export const group = 'wardle.example.com'
export const flunders = `/apis/${group}/v1/namespaces/default/flunders`
export const apiServices = '/apis/apiregistration.k8s.io/v1/apiservices'
export const extensionService = { namespace: 'default', name: 'wardle', port: 443 } as const

/** Creates an object; rejects where that is refused. */
export type Create = (path: string, object: object) => Promise<unknown>

export interface ExtensionOptions {
  /** Default: what the service is called. */
  readonly dnsName?: string
  /** Default: `flunderServer()`. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void
}

/** One request as the backend saw it. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly headersDistinct: IncomingMessage['headersDistinct']
  /** Of the connection that it came by, at its other end. */
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
  /** How many connections were opened. */
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
    const signal = AbortSignal.timeout(20_000)
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

  /** What clients asked for, without the checks of the API server itself. */
  get asked(): Seen[] {
    return this.seen.filter(({ headers }) => headers['x-remote-user'] !== 'system:kube-aggregator')
  }

  /** The node of the pod with this name hands out connections to this server. */
  standBehind(server: ApiServer, podName: string): void {
    server.nodeTunnels.register(`node-of-${podName}`, async () => ({
      status: 200,
      contentType: '',
      stream: connect({ port: this.port, host: '127.0.0.1' }),
    }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.https.close()
    await once(this.https, 'close')
  }
}

const sendJson = (response: ServerResponse, value: unknown, status = 200): void => {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

export const flunderResources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/v1`,
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['fl'],
      categories: ['all'],
    },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get', 'patch', 'update'] },
  ],
}

const flunderSchema = {
  description: 'Flunder is a thing of which there may be many.',
  type: 'object',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
    spec: {
      description: 'What the flunder is for.',
      type: 'object',
      properties: { purpose: { description: 'In a word.', type: 'string' } },
    },
  },
  'x-kubernetes-group-version-kind': [{ group, kind: 'Flunder', version: 'v1' }],
}
const objectMeta = { description: 'Another ObjectMeta.', type: 'object', properties: { name: { type: 'string' } } }
const flunderPath = `/apis/${group}/v1/namespaces/{namespace}/flunders`
const flunderAction = { 'x-kubernetes-action': 'list', 'x-kubernetes-group-version-kind': { group, kind: 'Flunder', version: 'v1' } }
const schemasV3 = JSON.parse(
  JSON.stringify({ 'com.example.Flunder': flunderSchema, 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': objectMeta }).replaceAll(
    '#/definitions/',
    '#/components/schemas/',
  ),
)

/** What it says of itself, by path. */
export const flunderDocuments: Readonly<Record<string, object>> = {
  [`/apis/${group}/v1`]: flunderResources,
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/openapi/v2': {
    swagger: '2.0',
    info: { title: 'wardle', version: '1' },
    paths: {
      [flunderPath]: {
        get: {
          operationId: 'listFlunders',
          parameters: [{ $ref: '#/parameters/limit' }],
          responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/com.example.Flunder' } } },
          ...flunderAction,
        },
      },
      '/apis/other.example.com/v1/things': { get: { responses: { 200: { schema: { $ref: '#/definitions/com.example.Other' } } } } },
    },
    definitions: {
      'com.example.Flunder': flunderSchema,
      'com.example.Other': { type: 'object' },
      'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': objectMeta,
    },
    parameters: { limit: { name: 'limit', in: 'query', type: 'integer' } },
  },
  '/openapi/v3': { paths: { [`apis/${group}/v1`]: { serverRelativeURL: `/openapi/v3/apis/${group}/v1?hash=1` } } },
  [`/openapi/v3/apis/${group}/v1`]: {
    openapi: '3.0.0',
    info: { title: 'wardle', version: '1' },
    paths: {
      [flunderPath]: {
        get: {
          responses: {
            200: {
              description: 'OK',
              content: { 'application/json': { schema: { $ref: '#/components/schemas/com.example.Flunder' } } },
            },
          },
          ...flunderAction,
        },
      },
    },
    components: { schemas: schemasV3 },
  },
}

/** A small API: discovery in the old form, objects kept in memory by path. */
export function flunderServer(): (request: IncomingMessage, response: ServerResponse) => void {
  const objects = new Map<string, Record<string, unknown>>()
  return (request, response) => {
    const { method = 'GET', url = '' } = request
    const { pathname } = new URL(url, 'https://wardle')
    const document = flunderDocuments[pathname]
    if (document !== undefined) return sendJson(response, document)
    if (method === 'POST' && pathname === flunders) {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.once('end', () => {
        const object = JSON.parse(Buffer.concat(chunks).toString())
        objects.set(`${flunders}/${object.metadata.name}`, { ...object, apiVersion: `${group}/v1`, kind: 'Flunder' })
        sendJson(response, objects.get(`${flunders}/${object.metadata.name}`), 201)
      })
      return
    }
    if (pathname === flunders) {
      return sendJson(response, {
        apiVersion: `${group}/v1`,
        kind: 'FlunderList',
        metadata: { resourceVersion: '1' },
        items: [...objects.values()],
      })
    }
    const found = objects.get(pathname)
    if (found !== undefined && method === 'DELETE') objects.delete(pathname)
    const missing = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: 'NotFound',
      message: 'no such flunder',
      code: 404,
    }
    sendJson(response, found ?? missing, found === undefined ? 404 : 200)
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

/** A Service with one endpoint: a pod that has its address on a node of its own. `slice` is laid over its EndpointSlice. */
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
