// Puts the parts of the API server together: one function from a request to an answer, for every transport.
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Authentication, Credentials } from '../access/access.ts'
import type { ExplainAccess } from '../access/explain-access.ts'
import type { OidcDocuments } from '../access/oidc-discovery.ts'
import type { DenyList } from '../access/revocation.ts'
import type { ReviewToken } from '../access/token-review.ts'
import type { KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resource.ts'
import type { Descriptions } from '../api/schema/openapi-types.ts'
import type { ServiceReference } from '../api/types/admissionregistration-v1.ts'
import type { UserInfo } from '../api/user.ts'
import { whenAnswered } from '../base/answer-pending.ts'
import { type Clock, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Registry } from '../base/metrics.ts'
import type { Store } from '../store/store.ts'
import { ContinueTokens } from './answers/continue-token.ts'
import { ensureObjects, serverAgent, serverIdentity } from './bootstrap.ts'
import { type RulesFor, reviewHandlers } from './computed/reviews/index.ts'
import { containersOnNode } from './computed/usage/containers-on-node.ts'
import { usageHandlers } from './computed/usage/index.ts'
import { NodeUsages } from './computed/usage/node-usage.ts'
import { type ConversionSender, noSender } from './custom-resources/conversion.ts'
import { conversionMetrics, countedSender } from './custom-resources/conversion-metrics.ts'
import { DefinitionController } from './custom-resources/definition-controller.ts'
import { runEventExpiry } from './event-expiry.ts'
import { dumpText } from './flow-control/dump.ts'
import { monotonicClock } from './flow-control/flow-clock.ts'
import { FlowConfig } from './flow-control/flow-config.ts'
import { borrowingPeriodMs, defaultFlowLimits, FlowControl, type FlowLimits } from './flow-control/flow-control.ts'
import { registerFlowMetrics } from './flow-control/flow-metrics.ts'
import { WatchCounts } from './flow-control/watch-counts.ts'
import { defaultWriteRate, type WriteRate, WrittenBytes } from './flow-control/written-bytes.ts'
import type { Pipeline } from './http/exchange.ts'
import { type InProcessTransport, inProcessTransport } from './http/in-process.ts'
import { OwnRequests } from './http/internal-requests.ts'
import { type Identifiers, randomIdentifiers } from './objects/identifiers.ts'
import type { AdmissionChain, WriteParts } from './objects/write-parts.ts'
import { documents } from './paths/documents/documents.ts'
import { type FilePolicies, filePoliciesHandler } from './paths/file-policies-path.ts'
import { type HealthCheck, healthPaths } from './paths/health.ts'
import { healthMetrics } from './paths/health-metrics.ts'
import { pathHandler } from './paths/paths.ts'
import { versionInfo } from './paths/version.ts'
import { RefusedRequests } from './paths/why/refused-requests.ts'
import { whyPathHandler } from './paths/why/why-path.ts'
import { createPipeline } from './pipeline.ts'
import { registerAggregationMetrics } from './proxy/aggregation/aggregation-metrics.ts'
import { Aggregator } from './proxy/aggregation/aggregator.ts'
import type { FrontProxyIdentity } from './proxy/aggregation/connect-api.ts'
import type { BackendTls } from './proxy/backend-connection.ts'
import { type CheckOrigin, requireOwnOrigin } from './proxy/streams/own-origin.ts'
import { StreamMemory } from './proxy/streams/stream-memory.ts'
import { NodeTunnels } from './proxy/tunnel/node-tunnel.ts'
import { createStreamPod, type StreamPod } from './proxy/tunnel/stream-pod.ts'
import { tunnelPathHandler, withTunnelRight } from './proxy/tunnel/tunnel-path.ts'
import { connectService } from './proxy/webhooks/connect-service.ts'
import type { ServiceTls } from './proxy/webhooks/review-sender.ts'
import type { AuditSink } from './request/audit-event.ts'
import { type Authorize, requireAccess } from './request/authorize.ts'
import { requestMetrics } from './request-metrics.ts'
import { registerObjectMetrics } from './resource/object-metrics.ts'
import { type ServedResources, serveResources } from './resource/served-resource.ts'
import { defaultServiceCidr, openServiceAllocation } from './service-addresses/open-service-allocation.ts'
import { type IssueToken, subresourceHandlers } from './subresources/index.ts'
import { resourceVerbs } from './verbs/resource-verbs.ts'
import { OpenWatches } from './watch/open-watches.ts'
import { SharedFrames } from './watch/shared-frames.ts'
import { diskChecks, writeRefusal } from './write-refusal.ts'

export interface ApiServerOptions {
  readonly store: Store
  readonly resources: readonly ResourceDefinition[]
  readonly authenticate: (credentials: Credentials) => Authentication | Promise<Authentication>
  readonly authorize: Authorize
  readonly audit: AuditSink
  /** Made with the server's own view of the cluster: see `ServedResources` and the store. */
  readonly admission: AdmissionChain
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Registry
  readonly identifiers?: Identifiers
  readonly flowLimits?: FlowLimits
  /** Of each user, and of each namespace. Default: `defaultWriteRate`. */
  readonly writeRate?: WriteRate
  /** Denied credentials and users: their open streams end. `authenticate` must ask it too. */
  readonly denyList?: DenyList
  /** Verifies tokens for TokenReview; without it they are refused. */
  readonly reviewToken?: ReviewToken
  /** Signs ServiceAccount tokens; without it TokenRequests are refused. */
  readonly issueToken?: IssueToken
  /** What a user may do in a namespace, for SelfSubjectRulesReview. */
  readonly rulesFor?: RulesFor
  /** What would have allowed a refused request, for its audit event and `bulkhead why`. */
  readonly explainAccess?: ExplainAccess
  /** Answers exec, attach and portforward. Default: through the node's tunnel. */
  readonly streamPod?: StreamPod
  /** For proxies to pods over https. Default: verified against the system's authorities, which sign no pod's certificate. */
  readonly backendTls?: BackendTls
  /** Whether browsers are kept from taking proxied pages for this server's. Default: true. */
  readonly isolates?: boolean
  /** Which pages may open WebSockets. Default: those of the server's own origin, others with a token of their own. */
  readonly checkOrigin?: CheckOrigin
  /** Proves to servers behind APIServices who asks them. Without it they believe nothing about the user. */
  readonly frontProxyIdentity?: (signal: AbortSignal) => Promise<FrontProxyIdentity>
  /** False: servers behind APIServices are never asked, and so never available. Default: true. */
  readonly aggregates?: boolean
  /** Beside the server's own: the store accepts writes, bootstrap is done. */
  readonly checks?: readonly HealthCheck[]
  /** Paths that are answered without credentials where the authorizer allows it. Default: the health checks. */
  readonly anonymousPaths?: readonly string[] | 'all'
  readonly serviceCidr?: string
  /** The way to the conversion webhooks of custom resources; without it their conversions fail. */
  readonly conversionSender?: ConversionSender
  /** By which others verify the tokens of ServiceAccounts. */
  readonly oidc?: OidcDocuments
  /** Policies that are no objects of the API, for who wants to see them. */
  readonly filePolicies?: FilePolicies
  /** Texts of the schemas, for `kubectl explain`. */
  readonly descriptions?: Descriptions
}

export class ApiServer implements AsyncDisposable {
  readonly resources: ServedResources
  readonly handle: Pipeline
  readonly nodeTunnels: NodeTunnels
  readonly clock: Clock
  /** Where cluster addresses of Services come from. */
  readonly serviceCidr: string
  readonly #options: ApiServerOptions
  readonly #stop = new AbortController()
  readonly #watchesDone: Promise<void>
  readonly #expiryDone: Promise<void>
  readonly #flowConfig: FlowConfig
  readonly #borrowingDone: Promise<void>
  readonly #loopsDone: Promise<unknown>
  readonly #aggregator: Aggregator
  #flowObjectsDone: Promise<void> = Promise.resolve()
  readonly #alongside: Promise<void>[] = []
  #own: OwnRequests | undefined
  #ready = false

  constructor(options: ApiServerOptions) {
    this.#options = options
    const { store, clock, log, checkOrigin = requireOwnOrigin } = options
    const authorize = withTunnelRight(options.authorize)
    const resources = serveResources(options.resources, store)
    this.resources = resources
    this.clock = clock
    this.serviceCidr = options.serviceCidr ?? defaultServiceCidr
    this.nodeTunnels = new NodeTunnels(log, name => resources.byGroupResource('nodes')?.collection.get('', name) !== undefined)
    this.#aggregator = new Aggregator(
      {
        ...{ resources, store, clock, log, checkOrigin, builtIn: options.resources, tunnels: this.nodeTunnels, random: Math.random },
        ...(options.frontProxyIdentity ? { identity: options.frontProxyIdentity } : {}),
      },
      this.#stop.signal,
    )
    const aggregator = this.#aggregator
    registerAggregationMetrics(options.metrics, aggregator.index)
    const watchCounts = new WatchCounts()
    const flow = new FlowControl(
      {
        objects: ({ served }) => (served === undefined || served.definition.virtual === true ? 0 : served.collection.size),
        watchers: info => watchCounts.of(info),
      },
      options.flowLimits ?? defaultFlowLimits,
    )
    registerFlowMetrics(options.metrics, flow)
    this.#flowConfig = new FlowConfig({ resources, store, flow, clock, log }, this.#stop.signal)
    this.#borrowingDone = lendSeats(flow, clock, this.#stop.signal)
    const refused = new RefusedRequests()
    const openWatches = new OpenWatches()
    const definitions = new DefinitionController(
      {
        resources,
        store,
        clock,
        log,
        sender: countedSender(options.conversionSender ?? noSender, conversionMetrics(options.metrics), clock),
      },
      this.#stop.signal,
    )
    resources.onChange(({ retired }) => openWatches.endOf(retired))
    this.#watchesDone = openWatches.run(clock, log, this.#stop.signal)
    const services = openServiceAllocation(
      { ...{ resources, clock, log }, metrics: options.metrics, cidr: this.serviceCidr, requests: () => this.#ownRequests() },
      this.#stop.signal,
    )
    const writeParts: WriteParts = {
      admission: options.admission,
      identifiers: options.identifiers ?? randomIdentifiers,
      writtenBytes: new WrittenBytes(options.writeRate ?? defaultWriteRate, () => clock.monotonic()),
      async requireCreate(context) {
        await whenAnswered(() => requireAccess({ ...context.info, verb: 'create' }, context.user, authorize, context))
      },
      reservations: new Map(services ? [['services', services.reservations]] : []),
    }
    const memory = new StreamMemory()
    const verbs = resourceVerbs({
      ...writeParts,
      resources,
      store,
      openWatches,
      frames: new SharedFrames(),
      clock,
      ...{ checkOrigin, memory, continueTokens: new ContinueTokens(randomBytes(32)) },
      // Whole seconds: timers of one length share a list.
      defaultTimeout: () => Math.round((30 + Math.random() * 30) * 60) * 1000,
      subresources: subresourceHandlers({
        ...{ writeParts, resources, tunnels: this.nodeTunnels, clock },
        ...(options.issueToken ? { issueToken: options.issueToken } : {}),
        backendTls: options.backendTls ?? { authorities: '', verify: true },
        ...{ checkOrigin, memory, isolates: options.isolates ?? true, random: Math.random },
        streamPod: options.streamPod ?? createStreamPod({ writeParts, tunnels: this.nodeTunnels, clock, checkOrigin, memory }),
      }),
      computed: new Map([
        ...reviewHandlers({
          authorize,
          writeParts,
          resources,
          ...(options.rulesFor ? { rulesFor: options.rulesFor } : {}),
          ...(options.reviewToken ? { reviewToken: options.reviewToken } : {}),
        }),
        ...usageHandlers({
          resources,
          usages: new NodeUsages({ tunnels: this.nodeTunnels, containersOn: name => containersOnNode(resources, name), clock, log }),
        }),
      ]),
    })
    registerObjectMetrics(options.metrics, resources, store)
    let failure: Error | undefined
    store.onFailure(err => {
      failure = err
    })
    const checks: readonly HealthCheck[] = [
      { name: 'ping', check: () => undefined },
      { name: 'store', check: () => failure?.message },
      ...diskChecks(options),
      { name: 'poststarthook/bootstrap', readinessOnly: true, check: () => (this.#ready ? undefined : 'bootstrap is not done') },
      { name: 'shutdown', readinessOnly: true, check: () => (this.#stop.signal.aborted ? 'the server stops' : undefined) },
      ...(options.checks ?? []),
    ]
    const anonymous = options.anonymousPaths ?? healthPaths
    this.handle = createPipeline({
      resources,
      authenticate: options.authenticate,
      ...(options.denyList ? { denyList: options.denyList } : {}),
      authorize,
      audit: options.audit,
      refusesWrites: () => writeRefusal(options),
      flow,
      watchCounts,
      clock,
      log,
      metrics: requestMetrics(options.metrics, flow, resources),
      refused,
      ...(options.explainAccess ? { explainAccess: options.explainAccess } : {}),
      allowsAnonymous: path => anonymous === 'all' || anonymous.some(allowed => path === allowed || path.startsWith(`${allowed}/`)),
      resource: (context, info) => aggregator.answer(context, info) ?? verbs(context, info),
      path: pathHandler({
        checks,
        observeCheck: healthMetrics(options.metrics),
        documents: documents({
          resources,
          foreign: aggregator.documents,
          version: versionInfo.gitVersion,
          ...(options.descriptions ? { descriptions: options.descriptions } : {}),
        }),
        aggregated: (context, path) => aggregator.answerPath(context, path),
        tunnel: tunnelPathHandler(this.nodeTunnels),
        flowDump: ({ query, now }, path) => {
          const text = dumpText(flow, path, (query.get('includeRequestDetails') ?? '') !== '', monotonicClock, now)
          return text === undefined ? undefined : { status: 200, contentType: 'text/plain; charset=utf-8', body: Buffer.from(text) }
        },
        why: whyPathHandler({
          refused,
          audit: options.audit,
          authorize,
          ...(options.explainAccess ? { explainAccess: options.explainAccess } : {}),
        }),
        policies: filePoliciesHandler(options.filePolicies),
        hasGroup: group => resources.hasBuiltInGroup(group) || aggregator.index.hasGroup(group),
        ...(options.oidc ? { oidc: options.oidc } : {}),
        metrics: async () => ({ contentType: options.metrics.contentType, text: await options.metrics.metrics() }),
      }),
    })
    this.#expiryDone = this.#expireEvents()
    this.#loopsDone = Promise.all([
      this.#asSystem(own => definitions.run(own)),
      services?.run(),
      options.aggregates === false ? undefined : this.#asSystem(own => aggregator.run(own)),
    ])
  }

  /** Tells of each change of what servers behind APIServices are known to serve. */
  onForeignChange(listener: () => void): void {
    this.#aggregator.documents.onChange(listener)
  }

  /** Creates what is missing of `objects` (with `overwrite` writes all of them), as the system itself. */
  async ensureObjects(objects: readonly KubeObject[], overwrite = false): Promise<void> {
    await using transport = this.transportFor(serverIdentity)
    await ensureObjects({ resources: this.resources, transport, signal: this.#stop.signal }, objects, overwrite)
  }

  /** Creates the objects of flow control that are missing, brings the others up to date, and keeps them so from then on. */
  async keepFlowObjects(): Promise<void> {
    const transport = this.transportFor(serverIdentity)
    const { done } = await this.#flowConfig.start(transport, this.#stop.signal)
    this.#flowObjectsDone = closeAfter(done, transport)
  }

  /** Runs work of the control plane as long as the server runs; it ends with the signal. */
  runAlongside(run: (signal: AbortSignal) => Promise<void>): void {
    this.#alongside.push(run(this.#stop.signal))
  }

  /** The bootstrap objects are there: `/readyz` may say so. */
  markReady(): void {
    this.#ready = true
  }

  /** A verified TLS connection to a pod behind a Service, for webhooks. */
  connectService(service: ServiceReference, tls: ServiceTls, signal: AbortSignal): Promise<Duplex> {
    return connectService({ resources: this.resources, tunnels: this.nodeTunnels, random: Math.random }, service, tls, signal)
  }

  /** A transport that passes the whole pipeline as `user`. */
  transportFor(user: UserInfo): InProcessTransport {
    const own = user === serverIdentity ? { userAgent: serverAgent } : {}
    return inProcessTransport({ handle: this.handle, user, log: this.#options.log, ...own })
  }

  /** The server's own, as the system itself. */
  #ownRequests(): OwnRequests {
    this.#own ??= new OwnRequests(this.transportFor(serverIdentity), this.#stop.signal)
    return this.#own
  }

  async #asSystem(run: (requests: OwnRequests) => Promise<void>): Promise<void> {
    await using transport = this.transportFor(serverIdentity)
    await run(new OwnRequests(transport, this.#stop.signal))
  }

  /** Where this server serves events. */
  async #expireEvents(): Promise<void> {
    const { store, clock, log } = this.#options
    const events = this.resources.byGroupResource('events')
    if (events === undefined) return
    await using transport = this.transportFor(serverIdentity)
    await runEventExpiry(
      {
        events: events.collection,
        revision: () => store.revision,
        remove: async ({ namespace, name, revision }, signal) => {
          const preconditions = { resourceVersion: String(revision) }
          const body = Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions }))
          const path = `/api/v1/namespaces/${namespace}/events/${name}`
          const answer = await transport.request({ method: 'DELETE', path, headers: { 'content-type': 'application/json' }, body }, signal)
          for await (const _ of answer.body);
          // 404 and 409: somebody deleted or updated it in between.
          if (answer.status >= 300 && answer.status !== 404 && answer.status !== 409) throw new Error(`the API answered ${answer.status}`)
        },
        clock,
        log,
      },
      this.#stop.signal,
    )
  }

  /** Ends the watches and tunnels. The store is the caller's. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server stops'))
    this.nodeTunnels.close()
    await Promise.all([
      ...[this.#watchesDone, this.#expiryDone, this.#borrowingDone, this.#flowObjectsDone, this.#loopsDone],
      ...this.#alongside,
    ])
  }
}

async function closeAfter(done: Promise<void>, transport: InProcessTransport): Promise<void> {
  await using _open = transport
  await done
}

/** Until the signal. */
async function lendSeats(flow: FlowControl, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(clock, borrowingPeriodMs, signal)
    flow.adjust()
  }
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  return new ApiServer(options)
}
