// API aggregation: group versions of other servers, the backends of these servers, and their availability.
import { groupVersion } from '../../../api/object.ts'
import type { ResourceDefinition } from '../../../api/resources/resource.ts'
import type { Clock } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import type { Store } from '../../../store/store.ts'
import type { Reply } from '../../http/exchange.ts'
import type { OwnRequests } from '../../http/internal-requests.ts'
import type { RequestContext } from '../../request/request-context.ts'
import type { ResourceRequestInfo } from '../../request/request-info.ts'
import type { CheckOrigin } from '../streams/own-origin.ts'
import { ApiServiceIndex } from './api-service-index.ts'
import { AvailabilityController } from './availability-controller.ts'
import { BackendDocuments } from './backend-documents.ts'
import { Backends } from './backends.ts'
import type { ConnectApiParts } from './connect-api.ts'
import { CustomGroups } from './custom-groups.ts'
import { ApiProxy } from './proxy-api.ts'
import { sameBackend } from './registered-api.ts'

export interface AggregatorParts extends ConnectApiParts {
  readonly store: Store
  /** The built-in resources of this server. */
  readonly builtIn: readonly ResourceDefinition[]
  readonly clock: Clock
  readonly log: Logger
  readonly checkOrigin: CheckOrigin
  /** In [0, 1). */
  readonly random: () => number
}

export class Aggregator {
  readonly index: ApiServiceIndex
  readonly #proxy: ApiProxy
  readonly #availability: AvailabilityController
  readonly #customGroups: CustomGroups
  /** Discovery and OpenAPI documents of the other servers. */
  readonly documents: BackendDocuments

  /** Follows the APIServices until the signal. */
  constructor(parts: AggregatorParts, signal: AbortSignal) {
    const { resources, store, builtIn, log } = parts
    const index = new ApiServiceIndex(resources, reservedVersions(builtIn))
    const backends = new Backends(resources, (namespace, name) => {
      for (const { service, name: apiService } of index.all)
        if (service.namespace === namespace && service.name === name) availability.check(apiService)
    })
    const availability = new AvailabilityController({ ...parts, index, backends }, signal)
    const documents = new BackendDocuments({ ...parts, index, backends }, signal)
    const proxy = new ApiProxy({ ...parts, backends, onFailure: name => availability.check(name) })
    signal.addEventListener('abort', () => proxy.close(), { once: true })
    index.onChange(change => {
      const { name, before, after } = change
      if (after === undefined) proxy.forget(name)
      if (after !== undefined) backends.use(after.service)
      if (before !== undefined) backends.release(before.service)
      // A changed condition is the check's own write.
      if (before === undefined || after === undefined || !sameBackend(before, after)) availability.check(name)
      documents.follow(change)
    })
    this.documents = documents
    this.#customGroups = new CustomGroups({ ...parts, index }, signal)
    this.index = index
    this.#proxy = proxy
    this.#availability = availability
    backends.follow(store, log, signal)
    index.follow(log, signal)
  }

  /** The response of another server; undefined if this server answers. Only built-in resources that allow it yield to an APIService. */
  answer(context: RequestContext, { served, group, version, path, verb }: ResourceRequestInfo): Promise<Reply> | undefined {
    if (served !== undefined && served.definition.custom === undefined && served.definition.serving?.yieldsToApiService !== true)
      return undefined
    const api = this.index.find(group, version)
    return api && this.#proxy.handle(context, path, api, verb === 'watch')
  }

  /** Like `answer`, for the paths of a group version: discovery and OpenAPI v3. */
  answerPath(context: RequestContext, path: string): Promise<Reply> | undefined {
    const { method } = context.request
    if (method !== 'GET' && method !== 'HEAD') return undefined
    const named = /^(?:\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)$/.exec(path)
    const api = named === null ? undefined : this.index.find(named[1] ?? '', named[2] ?? '')
    // For a server without OpenAPI v3, the document is made of its OpenAPI v2.
    if (api !== undefined && path.startsWith('/openapi/') && this.documents.named(api.name)?.openApiV3Hash === undefined) return undefined
    return api && this.#proxy.handle(context, path, api)
  }

  /** Runs until the signal. */
  async run(requests: OwnRequests): Promise<void> {
    await Promise.all([this.#availability.run(requests), this.#customGroups.run(requests), this.documents.run()])
  }
}

/** Group versions that this server always answers itself. */
function reservedVersions(builtIn: readonly ResourceDefinition[]): ReadonlySet<string> {
  return new Set(
    builtIn.filter(({ serving }) => serving?.yieldsToApiService !== true).map(({ group, version }) => groupVersion(group, version)),
  )
}
