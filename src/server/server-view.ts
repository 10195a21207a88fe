// What the parts of the API server share before it answers requests: the store, the served resources, and connections to nodes and Services.
import type { Duplex } from 'node:stream'
import type { ResourceDefinition } from '../api/resources/resource.ts'
import type { ServiceReference } from '../api/types/admissionregistration-v1.ts'
import type { Logger } from '../base/log.ts'
import type { Store } from '../store/store.ts'
import { NodeTunnels } from './proxy/tunnel/node-tunnel.ts'
import { connectService } from './proxy/webhooks/connect-service.ts'
import type { ServiceTls } from './proxy/webhooks/review-sender.ts'
import { type ChangingResources, serveResources } from './resource/served-resource.ts'

export interface ServerView {
  readonly store: Store
  /** The kinds that are built in, without custom resources. */
  readonly builtIn: readonly ResourceDefinition[]
  /** All that is served now, custom resources included. */
  readonly resources: ChangingResources
  readonly nodeTunnels: NodeTunnels
  /** A verified TLS connection to a pod behind a Service, for webhooks. */
  connectService(service: ServiceReference, tls: ServiceTls, signal: AbortSignal): Promise<Duplex>
}

export interface ServerViewOptions {
  readonly store: Store
  readonly builtIn: readonly ResourceDefinition[]
  readonly log: Logger
}

/** Opens every collection with its selectable fields, before another part opens one without. */
export function openServerView({ store, builtIn, log }: ServerViewOptions): ServerView {
  const resources = serveResources(builtIn, store)
  const nodeTunnels = new NodeTunnels(log, name => resources.byGroupResource('nodes')?.collection.get('', name) !== undefined)
  return {
    store,
    builtIn,
    resources,
    nodeTunnels,
    connectService: (service, tls, signal) =>
      connectService({ resources, tunnels: nodeTunnels, random: Math.random }, service, tls, signal),
  }
}
