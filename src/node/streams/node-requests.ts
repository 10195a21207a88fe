// Answers the API server's requests through the tunnel: logs, exec, attach, port-forward and connections, for pods of this node only, and
// requests about the node itself.
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  kubeletPaths,
  kubeletRequestPath,
  type NodeUsage,
  type RefusedConnection,
  readNodeRequestPath,
} from '../../api/nodes/node-protocol.ts'
import { type NodeRequestKind, readNodeQuery, type StreamFlags } from '../../api/nodes/node-query.ts'
import { witnessTunnelPath } from '../../api/nodes/witness-call.ts'
import { ApiError, apiError, badRequest, internalError, notFound, type Status } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import { logRange, readContainerLog } from '../container/container-log.ts'
import type { ContainerStatus } from '../cri/messages.ts'
import type { ContainerRuntime, StreamOptions } from '../cri/runtime.ts'
import type { ForwardedCsiCalls } from '../csi/answer-csi-call.ts'
import { containersOf } from '../pod/pod-containers.ts'
import { metricsContentType, resourceMetrics } from '../usage/resource-metrics.ts'
import { statsSummary } from '../usage/stats-summary.ts'
import type { UsageSampler } from '../usage/usage-sampler.ts'
import { type VolumeStats, volumeMetrics } from '../usage/volume-metrics.ts'
import { answerWitnessCall } from '../witness/answer-witness-call.ts'
import type { NodeWitness } from '../witness/node-witness.ts'
import type { PodWorker } from '../worker/pod-worker.ts'
import { dialPod, requireOwnNetwork } from './pod-dial.ts'
import { carryBytes, openRuntimeStream, type StreamProtocol } from './stream-proxy.ts'

export interface NodeRequestOptions {
  readonly runtime: ContainerRuntime
  readonly worker: (uid: string) => PodWorker | undefined
  readonly workers: () => Iterable<PodWorker>
  readonly clock: Clock
  readonly log: Logger
  /** PEM certificate of the runtime's streaming server; undefined on a simulated node. */
  readonly streamingCertificate?: string
  /** Connections that network policies refused; undefined on a simulated node, which has no traffic. */
  readonly refused?: () => Promise<readonly RefusedConnection[]>
  /** Usage of the machine and its containers; undefined on a simulated node. */
  readonly usage?: Pick<UsageSampler, 'latest' | 'last'>
  /** Calls of controllers to CSI drivers; undefined on a simulated node, which has none. */
  readonly csi?: ForwardedCsiCalls
  /** Of the audit logs of API servers; undefined if the node is no witness, as a simulated one. */
  readonly witness?: Pick<NodeWitness, 'answer'>
  /** The room in claims' volumes. */
  readonly volumes?: () => Promise<Iterable<VolumeStats>>
  readonly nodeName: string
}

interface PodStreamRequest {
  readonly kind: NodeRequestKind
  readonly worker: PodWorker
  readonly container: string
  readonly query: string
}

const podResource = { group: '', plural: 'pods' }

export async function answerNodeRequest(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: NodeRequestOptions,
  signal: AbortSignal,
): Promise<void> {
  const closed = new AbortController()
  stream.once('close', () => closed.abort(new Error('the API server closed the stream')))
  // An error of the stream ends it; `close` follows, and everything waits for that.
  stream.on('error', err => options.log.debug('node request ended', { err }))
  const either = AbortSignal.any([signal, closed.signal])
  try {
    const path = headers[':path'] ?? ''
    if (path.startsWith('/csi/')) {
      if (options.csi === undefined) throw badRequest('cannot call a CSI driver: a simulated node has none')
      return await options.csi.answer(stream, headers[':method'], path, either)
    }
    if (path === witnessTunnelPath) return await answerWitnessCall(stream, headers[':method'], options.witness)
    const page = await kubeletAnswer(headers, options)
    if (page !== undefined) {
      stream.respond({ ':status': 200, 'content-type': page.contentType })
      stream.end(page.text)
      return
    }
    const asked = parse(headers, options)
    if (options.streamingCertificate === undefined) throw simulated(asked.kind)
    if (asked.kind === 'logs') await logs(stream, asked, options, either)
    else if (asked.kind === 'dial') await connection(stream, asked, either)
    else await bytes(stream, asked, options.runtime, options.streamingCertificate, either)
  } catch (err) {
    if (either.aborted || stream.destroyed) return
    if (stream.headersSent) {
      stream.close()
      return
    }
    if (!(err instanceof ApiError)) options.log.error('node request failed', { path: headers[':path'], err })
    const status: Status = err instanceof ApiError ? err.status : internalError(err instanceof Error ? err.message : String(err)).status
    stream.respond({ ':status': status.code, 'content-type': 'application/json' })
    stream.end(writeJson(status))
  }
}

/** Answers about the node itself; undefined if the request is about a pod. */
async function kubeletAnswer(
  headers: IncomingHttpHeaders,
  { workers, refused, usage, volumes, nodeName, clock }: NodeRequestOptions,
): Promise<{ contentType: string; text: string } | undefined> {
  const path = headers[':path']
  const asked = kubeletPaths.find(known => path === kubeletRequestPath(known))
  if (asked === undefined) return undefined
  if (headers[':method'] !== 'GET') throw apiError(405, 'MethodNotAllowed', `method ${headers[':method']} is not allowed for ${asked}`)
  if (asked === 'refused-connections') return { contentType: 'application/json', text: writeJson({ items: (await refused?.()) ?? [] }) }
  if (asked === 'stats/usage') {
    const none: NodeUsage = { containers: [] }
    return { contentType: 'application/json', text: writeJson(usage?.latest() ?? none) }
  }
  if (asked === 'metrics/resource')
    return { contentType: metricsContentType, text: resourceMetrics(usage?.last) + volumeMetrics((await volumes?.()) ?? []) }
  if (asked !== 'pods' && asked !== 'stats/summary') return { contentType: 'text/plain; charset=utf-8', text: 'ok' }
  const items = Array.from(workers(), ({ pod }) => pod)
  if (asked === 'stats/summary') {
    const measured = { usage: usage?.latest() ?? { containers: [] }, last: usage?.last }
    const summary = statsSummary({ nodeName, ...measured, pods: items, volumes: (await volumes?.()) ?? [], now: clock.now() })
    return { contentType: 'application/json', text: writeJson(summary) }
  }
  return { contentType: 'application/json', text: writeJson({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items }) }
}

function parse(headers: IncomingHttpHeaders, options: NodeRequestOptions): PodStreamRequest {
  const { kind, pod, container, query } = readNodeRequestPath(headers[':path'] ?? '')
  const method = headers[':method']
  if (method !== (kind === 'logs' ? 'GET' : 'POST')) throw apiError(405, 'MethodNotAllowed', `method ${method} is not allowed for ${kind}`)
  const worker = options.worker(pod.uid)
  // The uid decides: this node does not serve a pod of the same name on another node, or an earlier one of this name.
  const { metadata } = worker?.pod ?? {}
  if (worker === undefined || metadata?.namespace !== pod.namespace || metadata.name !== pod.name) throw notFound(podResource, pod.name)
  return { kind, worker, container, query }
}

async function logs(
  stream: ServerHttp2Stream,
  { worker, container, query }: PodStreamRequest,
  { clock }: NodeRequestOptions,
  signal: AbortSignal,
): Promise<void> {
  const options = logRange(readNodeQuery('logs', query), clock.now())
  const pod = worker.pod.metadata.name
  if (!containersOf(worker.pod).some(({ spec }) => spec.name === container))
    throw badRequest(`container ${container} is not valid for pod ${pod}`)
  const [newest, before] = worker.state.containers.get(container) ?? []
  const chosen = options.previous ? before : newest?.state === 'CONTAINER_CREATED' ? (before ?? newest) : newest
  if (!chosen) {
    if (options.previous) throw badRequest(`previous terminated container ${writeJson(container)} in pod ${writeJson(pod)} not found`)
    const reason = worker.waitingReason(container)
    throw badRequest(`container ${writeJson(container)} in pod ${writeJson(pod)} is waiting to start: ${reason}`)
  }
  const source = {
    path: chosen.logPath,
    running: () => worker.state.containers.get(container)?.find(({ id }) => id === chosen.id)?.state === 'CONTAINER_RUNNING',
    changed: (until: AbortSignal) => worker.stateChanged(until),
  }
  stream.respond({ ':status': 200, 'content-type': 'text/plain' })
  // kubectl waits for the headers even if a followed log is silent.
  await pipeline(Readable.from(readContainerLog(source, options, signal), { objectMode: false }), stream, { signal })
}

const pretended: Readonly<Partial<Record<NodeRequestKind, string>>> = { logs: 'read logs', dial: 'proxy' }

const simulated = (kind: NodeRequestKind): ApiError =>
  badRequest(`cannot ${pretended[kind] ?? kind}: the pod runs on a simulated node, whose containers are pretended`)

async function connection(stream: ServerHttp2Stream, { worker, query }: PodStreamRequest, signal: AbortSignal): Promise<void> {
  const socket = await dialPod(worker.pod, worker.state, readNodeQuery('dial', query).port, signal)
  stream.respond({ ':status': 200 })
  await carryBytes(stream, socket, signal)
}

async function bytes(
  stream: ServerHttp2Stream,
  asked: PodStreamRequest,
  runtime: ContainerRuntime,
  streamingCertificate: string,
  signal: AbortSignal,
): Promise<void> {
  const { url, protocol } = await runtimeUrl(asked, runtime, signal)
  const upstream = await openRuntimeStream(url, protocol, streamingCertificate, signal)
  stream.respond({ ':status': 200 })
  await carryBytes(stream, upstream, signal)
}

async function runtimeUrl(
  { kind, worker, container, query }: PodStreamRequest,
  runtime: ContainerRuntime,
  signal: AbortSignal,
): Promise<{ url: string; protocol: StreamProtocol }> {
  if (kind === 'portforward') {
    const sandbox = worker.state.sandboxes[0]
    if (sandbox?.state !== 'SANDBOX_READY') throw badRequest(`pod ${worker.pod.metadata.name} has no running sandbox to forward to`)
    requireOwnNetwork(worker.pod)
    const { ports } = readNodeQuery('portforward', query)
    if (ports.some(port => !Number.isInteger(port) || port < 1 || port > 65535))
      throw badRequest('ports: must be between 1 and 65535, inclusive')
    return { url: await runtime.portForward(sandbox.id, ports, signal), protocol: 'portforward.k8s.io' }
  }
  const running = runningInstance(worker, container)
  if (kind === 'attach') {
    const streams = runtimeStreams(readNodeQuery('attach', query))
    return { url: await runtime.attach(running.id, streams, signal), protocol: 'v4.channel.k8s.io' }
  }
  const { command, ...flags } = readNodeQuery('exec', query)
  if (command.length === 0) throw badRequest('you must specify at least 1 command for the container')
  return { url: await runtime.exec(running.id, command, runtimeStreams(flags), signal), protocol: 'v4.channel.k8s.io' }
}

/** A terminal has both outputs on one stream; the CRI refuses a request for stderr beside it. */
export function runtimeStreams({ tty, stdin, stdout, stderr }: StreamFlags): StreamOptions {
  return { tty, stdin, stdout, stderr: stderr && !tty }
}

function runningInstance(worker: PodWorker, container: string): ContainerStatus {
  const [newest] = worker.state.containers.get(container) ?? []
  if (newest?.state !== 'CONTAINER_RUNNING') throw apiError(404, 'NotFound', `container not found (${writeJson(container)})`)
  return newest
}
