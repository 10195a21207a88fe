// Puts the parts of the API server together: one function from a request to an answer, for every transport.
import type { KubeObject } from '../api/object.ts'
import type { UserInfo } from '../api/user.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { ApiServerOptions } from './api-server-options.ts'
import { ensureObjects, serverAgent, serverIdentity } from './bootstrap.ts'
import { noSender } from './custom-resources/conversion.ts'
import { conversionMetrics, countedSender } from './custom-resources/conversion-metrics.ts'
import { DefinitionController } from './custom-resources/definition-controller.ts'
import { expireServedEvents } from './event-expiry.ts'
import type { FlowConfig } from './flow-control/flow-config.ts'
import { openFlowControl } from './flow-control/open-flow-control.ts'
import { defaultWriteRate, WrittenBytes } from './flow-control/written-bytes.ts'
import type { Pipeline } from './http/exchange.ts'
import { type InProcessTransport, inProcessTransport } from './http/in-process.ts'
import { OwnRequests } from './http/internal-requests.ts'
import { randomIdentifiers } from './objects/identifiers.ts'
import type { WriteParts } from './objects/write-parts.ts'
import { type HealthCheck, healthPaths } from './paths/health.ts'
import { RefusedRequests } from './paths/why/refused-requests.ts'
import { createPipeline } from './pipeline.ts'
import { registerAggregationMetrics } from './proxy/aggregation/aggregation-metrics.ts'
import { Aggregator } from './proxy/aggregation/aggregator.ts'
import { requireOwnOrigin } from './proxy/streams/own-origin.ts'
import type { NodeTunnels } from './proxy/tunnel/node-tunnel.ts'
import { withTunnelRight } from './proxy/tunnel/tunnel-path.ts'
import { requireAccess } from './request/authorize.ts'
import { requestMetrics } from './request-metrics.ts'
import { registerObjectMetrics } from './resource/object-metrics.ts'
import type { ServedResources } from './resource/served-resource.ts'
import { serverPaths } from './server-paths.ts'
import { serverVerbs } from './server-verbs.ts'
import { defaultServiceCidr, openServiceAllocation } from './service-addresses/open-service-allocation.ts'
import { OpenWatches } from './watch/open-watches.ts'
import { diskChecks, writeRefusal } from './write-refusal.ts'

export class ApiServer implements AsyncDisposable {
  readonly resources: ServedResources
  readonly handle: Pipeline
  readonly nodeTunnels: NodeTunnels
  readonly clock: Clock
  /** Where cluster addresses of Services come from. */
  readonly serviceCidr: string
  readonly #log: Logger
  readonly #stop = new AbortController()
  readonly #flowConfig: FlowConfig
  readonly #aggregator: Aggregator
  /** Parts that run until the server stops. */
  readonly #running: Promise<unknown>[] = []
  #own: OwnRequests | undefined
  #ready = false
  #isLeaving = false

  constructor(options: ApiServerOptions) {
    const { view, clock, log, metrics, checkOrigin = requireOwnOrigin, serviceCidr = defaultServiceCidr, explainAccess } = options
    const { store, resources, builtIn, nodeTunnels } = view
    const { signal } = this.#stop
    this.resources = resources
    this.nodeTunnels = nodeTunnels
    this.clock = clock
    this.serviceCidr = serviceCidr
    this.#log = log

    const authorize = withTunnelRight(options.authorize)
    const {
      flow,
      watchCounts,
      config,
      run: lendSeats,
    } = openFlowControl({ resources, store, limits: options.flowLimits, metrics, clock, log }, signal)
    const refused = new RefusedRequests()
    const openWatches = new OpenWatches()
    resources.onChange(({ retired }) => openWatches.endOf(retired))
    const sender = countedSender(options.conversionSender ?? noSender, conversionMetrics(metrics), clock)
    const definitions = new DefinitionController({ resources, store, sender, clock, log }, signal)
    const identity = options.frontProxyIdentity ? { identity: options.frontProxyIdentity } : {}
    const aggregator = new Aggregator(
      { resources, store, builtIn, tunnels: nodeTunnels, ...identity, checkOrigin, clock, log, random: Math.random },
      signal,
    )
    const services = openServiceAllocation(
      { resources, cidr: serviceCidr, requests: () => this.#ownRequests(), metrics, clock, log },
      signal,
    )
    const writeParts: WriteParts = {
      settled: () => store.settled(),
      admission: options.admission,
      identifiers: options.identifiers ?? randomIdentifiers,
      writtenBytes: new WrittenBytes(options.writeRate ?? defaultWriteRate, () => clock.monotonic()),
      async requireCreate(context) {
        await requireAccess({ ...context.info, verb: 'create' }, context.user, authorize, context)
      },
      reservations: new Map(services ? [['services', services.reservations]] : []),
    }
    registerAggregationMetrics(metrics, aggregator.index)
    registerObjectMetrics(metrics, resources, store)

    const disks = { store, audit: options.audit }
    const verbs = serverVerbs({ options, authorize, writeParts, openWatches, checkOrigin })
    const anonymous = options.anonymousPaths ?? healthPaths
    this.handle = createPipeline({
      resources,
      authenticate: options.authenticate,
      ...(options.onActingMaster ? { onActingMaster: options.onActingMaster } : {}),
      ...(options.denyList ? { denyList: options.denyList } : {}),
      authorize,
      audit: options.audit,
      ...(options.dataClasses ? { dataClasses: options.dataClasses } : {}),
      refusesWrites: () => writeRefusal(disks),
      store,
      flow,
      watchCounts,
      clock,
      log,
      metrics: requestMetrics(metrics, flow, resources),
      refused,
      ...(explainAccess ? { explainAccess } : {}),
      ...(options.everyBasis ? { everyBasis: options.everyBasis } : {}),
      allowsAnonymous: path => anonymous === 'all' || anonymous.some(allowed => path === allowed || path.startsWith(`${allowed}/`)),
      // A group version of an APIService is answered by its own server, whatever is asked of it.
      resource: (context, info) => aggregator.answer(context, info) ?? verbs(context, info),
      path: serverPaths({ options, authorize, aggregator, flow, refused, checks: this.#checks(options) }),
    })

    this.#flowConfig = config
    this.#aggregator = aggregator
    this.#running.push(
      openWatches.run(clock, log, signal),
      lendSeats(),
      this.#withTransport(transport => expireServedEvents({ resources, store, transport, clock, log }, signal)),
      this.#asSystem(own => definitions.run(own)),
    )
    if (services !== undefined) this.#running.push(services.run())
    if (options.aggregates !== false) this.#running.push(this.#asSystem(own => aggregator.run(own)))
  }

  #checks({ view: { store }, audit, checks = [] }: ApiServerOptions): readonly HealthCheck[] {
    let failure: Error | undefined
    store.onFailure(err => {
      failure = err
    })
    return [
      { name: 'ping', check: () => undefined },
      { name: 'store', check: () => failure?.message },
      ...diskChecks({ store, audit }),
      { name: 'poststarthook/bootstrap', readinessOnly: true, check: () => (this.#ready ? undefined : 'bootstrap is not done') },
      {
        name: 'shutdown',
        readinessOnly: true,
        check: () => (this.#isLeaving || this.#stop.signal.aborted ? 'the server stops' : undefined),
      },
      ...checks,
    ]
  }

  /** Called when the known resources of servers behind APIServices change. */
  onForeignChange(listener: () => void): void {
    this.#aggregator.documents.onChange(listener)
  }

  /** Creates missing ones of `objects` (with `overwrite` writes all of them), as the system itself. */
  async ensureObjects(objects: readonly KubeObject[], overwrite = false): Promise<void> {
    const { resources } = this
    const { signal } = this.#stop
    await this.#withTransport(transport => ensureObjects({ resources, transport, signal }, objects, overwrite))
  }

  /** Creates the objects of flow control that are missing, brings the others up to date, and keeps them so from then on. */
  async keepFlowObjects(): Promise<void> {
    const transport = this.transportFor(serverIdentity)
    const { done } = await this.#flowConfig.start(transport, this.#stop.signal)
    this.#running.push(closeAfter(done, transport))
  }

  /** Runs work of the control plane as long as the server runs; it ends with the signal. */
  runAlongside(run: (signal: AbortSignal) => Promise<void>): void {
    this.#running.push(run(this.#stop.signal))
  }

  /** Called when the bootstrap objects exist: `/readyz` may report it. */
  markReady(): void {
    this.#ready = true
  }

  /** From now on `/readyz` fails, so that balancers choose other servers; requests are answered until the end. */
  beginLeaving(): void {
    this.#isLeaving = true
  }

  /** A transport that passes the whole pipeline as `user`. */
  transportFor(user: UserInfo): InProcessTransport {
    const own = user === serverIdentity ? { userAgent: serverAgent } : {}
    return inProcessTransport({ handle: this.handle, user, log: this.#log, ...own })
  }

  /** The server's own, as the system itself. */
  #ownRequests(): OwnRequests {
    this.#own ??= new OwnRequests(this.transportFor(serverIdentity), this.#stop.signal)
    return this.#own
  }

  async #withTransport(run: (transport: InProcessTransport) => Promise<void>): Promise<void> {
    await using transport = this.transportFor(serverIdentity)
    await run(transport)
  }

  #asSystem(run: (requests: OwnRequests) => Promise<void>): Promise<void> {
    return this.#withTransport(transport => run(new OwnRequests(transport, this.#stop.signal)))
  }

  /** Ends the watches and tunnels. The store is the caller's. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server stops'))
    this.nodeTunnels.close()
    await Promise.all(this.#running)
  }
}

async function closeAfter(done: Promise<void>, transport: InProcessTransport): Promise<void> {
  await using _open = transport
  await done
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  return new ApiServer(options)
}
