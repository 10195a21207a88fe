// pods/proxy, services/proxy and nodes/proxy: parses the request, checks it, and finds the backend.

import { type KubeletPath, kubeletPaths } from '../../api/nodes/node-protocol.ts'
import { apiError, badRequest, notFound, unknownMethod } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import { writeJson } from '../../base/write-json.ts'
import { header, type Reply } from '../http/exchange.ts'
import { admitConnection } from '../objects/connect-admission.ts'
import type { WriteParts } from '../objects/write-parts.ts'
import type { ResourceContext } from '../request/request-context.ts'
import type { ServedResources } from '../resource/served-resource.ts'
import { type BackendTls, connectBackend } from './backend-connection.ts'
import { forward } from './forward.ts'
import { canonicalPath, type ProxiedPath, proxiedPath } from './proxied-path.ts'
import { forwardedHeaders, hostOf } from './proxy-headers.ts'
import { parseProxyId } from './proxy-id.ts'
import { type ProxyTarget, podTarget, serviceTarget } from './proxy-target.ts'
import { nodeRefusal } from './tunnel/node-refusal.ts'
import type { NodeTunnels } from './tunnel/node-tunnel.ts'

export interface ProxyParts {
  readonly writeParts: WriteParts
  readonly resources: ServedResources
  readonly tunnels: NodeTunnels
  readonly clock: Clock
  /** For https backends. */
  readonly backendTls: BackendTls
  /** Whether browsers isolate proxied pages from this server's origin. Upstream does not. */
  readonly isolates: boolean
  /** In [0, 1): chooses a pod of the service. */
  readonly random: () => number
}

export async function proxyToPod(parts: ProxyParts, context: ResourceContext): Promise<Reply> {
  const url = await admitted(parts, context, 'PodProxyOptions')
  return await toBackend(parts, context, url, podTarget(parts.resources, context.info.namespace, context.info.name))
}

export async function proxyToService(parts: ProxyParts, context: ResourceContext): Promise<Reply> {
  const url = await admitted(parts, context, 'ServiceProxyOptions')
  return await toBackend(parts, context, url, serviceTarget(parts.resources, context.info.namespace, context.info.name, parts.random))
}

async function admitted({ writeParts }: ProxyParts, context: ResourceContext, kind: string): Promise<ProxiedPath> {
  const url = proxiedPath(context.request.url, context.info.rest)
  const { path } = await admitConnection(writeParts.admission, context, kind, url.path === '' ? {} : { path: url.path })
  if (path === (url.path === '' ? undefined : url.path)) return url
  return { ...url, path: typeof path === 'string' ? canonicalPath(path) : '' }
}

async function toBackend(parts: ProxyParts, context: ResourceContext, url: ProxiedPath, target: ProxyTarget): Promise<Reply> {
  const { request } = context
  const { isolates } = parts
  const moved = request.upgrade === undefined ? slashRedirect(request.method, url) : undefined
  if (moved) return moved
  const { backendTls } = parts
  if (target.tls) context.annotate('proxy.bulkhead.dev/backend-certificate', backendTls.verify ? 'verified' : 'not verified')
  const backend = await connectBackend(parts.tunnels, target, backendTls, request.signal)
  const upgrade = request.upgrade === undefined ? undefined : header(request.headers, 'upgrade')
  const { remoteAddress } = request.credentials
  return await forward({
    request,
    backend,
    target: `${url.path === '' ? '/' : url.path}${url.query}`,
    headers: forwardedHeaders({ headers: request.headers, remoteAddress, uri: `${url.prefix}${url.path}`, upgrade, isolates }),
    isolates,
    page: { backendHost: target.host, clientHost: hostOf(request.headers), prefix: url.prefix },
    clock: parts.clock,
  })
}

/** As upstream: without the slash, relative links of the page would leave the proxy. */
function slashRedirect(method: string, { prefix, path, query }: ProxiedPath): Reply | undefined {
  if (path !== '' || (method !== 'GET' && method !== 'HEAD')) return undefined
  return { status: 301, contentType: '', headers: { location: `${prefix}/${query}` }, body: Buffer.alloc(0) }
}

/** Other paths of the kubelet's port, and their replacement: a right to the proxy must not allow exec or reading any log. */
const withheld: Readonly<Record<string, string>> = {
  exec: 'pods/exec',
  run: 'pods/exec',
  attach: 'pods/attach',
  cri: 'pods/exec',
  portForward: 'pods/portforward',
  containerLogs: 'pods/log',
}

export async function proxyToNode(parts: ProxyParts, context: ResourceContext): Promise<Reply> {
  const { info, request } = context
  const url = await admitted(parts, context, 'NodeProxyOptions')
  const { name, port } = parseProxyId(info.name, 'node')
  if (port !== '' && port !== '10250')
    throw refused(name, `port ${port} of a node is not reached through the API, for anything might listen there`)
  const [first = ''] = info.rest
  const instead = withheld[first]
  if (instead !== undefined) throw refused(name, `the node agent does not offer "/${first}": use ${instead}, which has a right of its own`)
  if (context.served.collection.get('', name) === undefined) throw notFound({ group: '', plural: 'nodes' }, name)
  const moved = slashRedirect(request.method, url)
  if (moved) return moved
  const path = kubeletPath(info.rest)
  if (path === undefined) throw apiError(404, 'NotFound', `the node agent has no page ${writeJson(url.path)}; it has ${offered}`)
  if (request.upgrade !== undefined) throw badRequest('the node agent has no page to which a connection could be upgraded')
  if (request.method !== 'GET' && request.method !== 'HEAD') throw unknownMethod()
  const node = await parts.tunnels.requestNode(name, { kind: 'kubelet', path }, request.signal)
  node.stream.on('error', () => undefined)
  if (node.status !== 200) throw await nodeRefusal(node.status, node.stream, 'unable to read the page')
  const free = () => void node.stream.destroy()
  return {
    status: 200,
    // Set by this server and not by the node: in a browser the response belongs to this server's origin.
    contentType: contentTypes[path],
    headers: { 'x-content-type-options': 'nosniff' },
    longRunning: true,
    free,
    body: async (sink, signal) => {
      signal.addEventListener('abort', free, { once: true })
      for await (const chunk of node.stream) if (!sink.write(Buffer.from(chunk))) await sink.drained()
      signal.removeEventListener('abort', free)
    },
  }
}

const contentTypes: Readonly<Record<KubeletPath, string>> = {
  healthz: 'text/plain; charset=utf-8',
  'healthz/ping': 'text/plain; charset=utf-8',
  pods: 'application/json',
  'refused-connections': 'application/json',
  'stats/usage': 'application/json',
  'stats/summary': 'application/json',
  'metrics/resource': 'text/plain; version=0.0.4; charset=utf-8',
}

const offered = kubeletPaths.map(path => `"/${path}"`).join(', ')

function kubeletPath(rest: readonly string[]): KubeletPath | undefined {
  const wanted = rest.join('/')
  return kubeletPaths.find(path => path === wanted)
}

const refused = (name: string, why: string): Error =>
  apiError(403, 'Forbidden', `nodes ${writeJson(name)} is forbidden: ${why}`, { name, kind: 'nodes' })
