// The protocol of a node's tunnel. The agent dials the API server and upgrades. Then the roles are reversed: the server is the HTTP/2 client
// and the agent the HTTP/2 server on that TLS connection, so that a node listens on no port.

import { writeJson } from '../../base/write-json.ts'
import { badRequest } from '../status.ts'
import { isNodeRequestKind, type NodeRequestKind } from './node-query.ts'

/** The upgrade: `GET /bulkhead/v1/nodes/{name}/tunnel` with `Upgrade: bulkhead-tunnel/1`. Only `system:node:{name}` may send it. */
export const tunnelUpgrade = 'bulkhead-tunnel/1'

/**
 * The server's 101 gives each tunnel a key. A node that opens another tunnel because its certificate was renewed sends the open tunnel's
 * key with the upgrade; without it, a second tunnel is refused while the first one answers.
 */
export const tunnelKeyHeader = 'bulkhead-tunnel-key'

export function tunnelPath(nodeName: string): string {
  return `/bulkhead/v1/nodes/${encodeURIComponent(nodeName)}/tunnel`
}

/** A request about one pod. */
export interface PodRequest {
  readonly kind: NodeRequestKind
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string }
  readonly container: string
  /** As `writeNodeQuery` writes it. */
  readonly query: string
}

/**
 * `logs` answers 200 with the text. The others are a POST that becomes a byte stream after a 200: SPDY/3.1 frames with the streams of
 * Kubernetes' remotecommand v4 protocol (exec, attach) or of portforward v1, or the bytes of a TCP connection to the pod's port in the
 * query `port` (dial). A refusal is a JSON Status with its code.
 */
export function nodeRequestPath({ kind, pod, container, query }: PodRequest): string {
  const parts = [kind, pod.namespace, pod.name, pod.uid, container].map(encodeURIComponent)
  return `/${parts.join('/')}${query === '' ? '' : `?${query}`}`
}

/** Throws a 400 for any path that `nodeRequestPath` does not write. */
export function readNodeRequestPath(path: string): PodRequest {
  const mark = path.indexOf('?')
  const segments = (mark < 0 ? path : path.slice(0, mark)).slice(1).split('/').map(unescapeSegment)
  const [kind = '', namespace = '', name = '', uid = '', container = ''] = segments
  if (!isNodeRequestKind(kind)) throw badRequest(`unknown node request ${writeJson(kind)}`)
  const request = { kind, pod: { namespace, name, uid }, container, query: mark < 0 ? '' : path.slice(mark + 1) }
  if (nodeRequestPath(request) !== path) throw badRequest('the path is not in the form in which the API server writes it')
  return request
}

function unescapeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (err) {
    if (err instanceof URIError) throw badRequest(`invalid URL escape in ${writeJson(segment)}`)
    throw err
  }
}

/** Pages about the node itself, each with a GET: the kubelet's under the kubelet's paths, refused connections, and usage. */
export const kubeletPaths = [
  'healthz',
  'healthz/ping',
  'pods',
  'refused-connections',
  'stats/usage',
  'stats/summary',
  'metrics/resource',
] as const
export type KubeletPath = (typeof kubeletPaths)[number]

export const kubeletRequestPath = (path: KubeletPath): string => `/kubelet/${path}`

/** An item of the page `refused-connections`: `{ items: RefusedConnection[] }`. */
export interface RefusedConnection {
  /** The direction whose policies refused it: `egress` those of the pod at `from`, `ingress` those of the pod at `to`. */
  readonly direction: 'egress' | 'ingress'
  readonly from: string
  /** The target after translation of a Service's address. */
  readonly to: string
  /** `TCP`, `UDP`, `SCTP`, or another protocol's name. */
  readonly protocol: string
  /** Whether `to` is the node's DNS address. */
  readonly names: boolean
  /** Meaningless for a protocol without ports. */
  readonly port: number
  readonly packets: number
  readonly secondsAgo: number
}

/** Mean usage over a time window. */
export interface Usage {
  /** The window's end, ms since the epoch. */
  readonly at: number
  readonly windowMs: number
  /** Billionths of a core. */
  readonly cpuNanocores: number
  /** Working set, at the end of the window. */
  readonly memoryBytes: number
}

export interface ContainerUsage extends Usage {
  readonly podUid: string
  /** Of the container in its pod. */
  readonly name: string
}

/** The page `stats/usage`. Omits everything not measured twice yet; a simulated node measures nothing. */
export interface NodeUsage {
  readonly node?: Usage
  readonly containers: readonly ContainerUsage[]
}
