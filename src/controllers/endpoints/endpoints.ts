// Maintains the Endpoints object of each service, for readers without EndpointSlices.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import type { Endpoints, Service } from '../../api/types/core-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import { keyOf, splitKey } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { endpoints as endpointsResource, pods, services } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { isNamespaceEnding } from '../pod-control.ts'
import { canonical } from '../replicas/pod-template-hash.ts'
import { servicesOf } from './endpoint-slice.ts'
import { planEndpoints } from './endpoints-plan.ts'
import { hasSelector, headlessLabel, isHeadless, selectedPods, triggerTime, triggerTimeAnnotation } from './service-endpoints.ts'

const overCapacity = 'endpoints.kubernetes.io/over-capacity'
const managedBy = 'endpoints.kubernetes.io/managed-by'

export const endpoints: Controller = {
  name: 'endpoint-controller',
  identity: {
    account: 'endpoint-controller',
    rules: [
      rule(read, 'core', 'pods services'),
      rule('create delete get list update watch', 'core', 'endpoints'),
      rule('create', 'core', 'endpoints/restricted'),
      recordEvents,
    ],
  },
  watches: services,
  follows: [
    follow({ resource: pods, keys: servicesOf }),
    follow({
      resource: endpointsResource,
      // An Endpoints object without a service is ignored, unless this controller created it or its service existed before.
      keys: ({ metadata: { namespace, name } }) => [`${namespace}/${name}`],
    }),
  ],
  begin(context) {
    const cache = context.informers.full(services)
    const deleted = new Set<string>()
    cache.onChange({ delete: service => deleted.add(keyOf(service)), add: service => deleted.delete(keyOf(service)) })
    return async (key, signal) => {
      const service = cache.getByKey(key)
      if (service === undefined) {
        if (deleted.has(key) || isOwn(context, key)) await remove(context, key, signal)
        deleted.delete(key)
      } else if (service.metadata.deletionTimestamp === undefined && hasSelector(service)) await write(context, service, signal)
      return done
    }
  },
}

function isOwn({ informers }: Context, key: string): boolean {
  return informers.full(endpointsResource).getByKey(key)?.metadata.labels?.[managedBy] === 'endpoint-controller'
}

async function remove({ client }: Context, key: string, signal: AbortSignal): Promise<void> {
  const { namespace, name } = splitKey(key)
  try {
    await client.delete(endpointsResource, namespace, name, {}, signal)
  } catch (err) {
    if (!isReason(err, 'NotFound')) throw err
  }
}

async function write(context: Context, service: Service, signal: AbortSignal): Promise<void> {
  const { client, informers } = context
  const { namespace = '', name = '' } = service.metadata
  const candidates = informers.full(pods).list(namespace)
  const { subsets, truncated } = planEndpoints(service, candidates)
  const current = informers.full(endpointsResource).get(namespace, name)
  const labels = { ...service.metadata.labels, [managedBy]: 'endpoint-controller', ...(isHeadless(service) ? { [headlessLabel]: '' } : {}) }
  const { [overCapacity]: _, ...kept } = current?.metadata.annotations ?? {}
  const capacity: Record<string, string> = truncated ? { [overCapacity]: 'truncated' } : {}
  if (current !== undefined && same(current, { subsets, labels, capacity })) return
  const trigger = triggerTime(service, selectedPods(service, candidates))
  const annotations = { ...kept, ...capacity, ...(trigger === '' ? {} : { [triggerTimeAnnotation]: trigger }) }
  const next: Endpoints = { metadata: { ...current?.metadata, name, namespace, labels, annotations }, subsets }
  try {
    if (current === undefined) await client.create(endpointsResource, namespace, next, signal)
    else await client.update(endpointsResource, next, signal)
  } catch (err) {
    if (isNamespaceEnding(err)) return
    // The cache was outdated: the next pass sees the current state.
    if (!signal.aborted && !isReason(err, 'Conflict') && !isReason(err, 'AlreadyExists'))
      reportFailure(context, next, current === undefined, err)
    throw err
  }
}

function reportFailure({ events }: Context, object: Endpoints, isNew: boolean, err: unknown): void {
  const [reason, act] = isNew ? ['FailedToCreateEndpoint', 'create endpoint for service'] : ['FailedToUpdateEndpoint', 'update endpoint']
  events.record(referenceTo(object, 'v1', 'Endpoints'), 'Warning', reason, `Failed to ${act} ${keyOf(object)}: ${messageOf(err)}`)
}

function same(current: Endpoints, wanted: { subsets: unknown; labels: unknown; capacity: Record<string, string> }): boolean {
  const before = current.metadata.annotations?.[overCapacity]
  return (
    canonical([current.subsets ?? [], { of: current.metadata.labels ?? {} }]) === canonical([wanted.subsets, { of: wanted.labels }]) &&
    before === wanted.capacity[overCapacity]
  )
}
