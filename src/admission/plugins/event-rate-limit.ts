// Limits the rate of events: a flood neither fills the store nor displaces the events of others.
import { tooManyRequests } from '../../api/status.ts'
import type { Event } from '../../api/types/core-v1.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import type { QuotaSource } from '../quota/quota-source.ts'
import { type Rate, TokenBuckets } from '../token-buckets.ts'

export type EventLimitType = 'Server' | 'Namespace' | 'User' | 'SourceAndObject'

export interface EventLimit extends Rate {
  readonly type: EventLimitType
  /** Limit of cached keys; default 4096. */
  readonly cacheSize?: number
}

/** For the secure profile. A busy namespace stays far below; upstream has the plug-in off and no defaults. */
const secureEventLimits: readonly EventLimit[] = [
  { type: 'Namespace', qps: 50, burst: 10_000 },
  { type: 'SourceAndObject', qps: 5, burst: 200 },
]

const defaultCacheSize = 4096
const retrySeconds = 60

/** Limit of bytes of a namespace's Events until they expire: about 15,000 in an hour. */
const maxBytes = 32 * 2 ** 20

export interface EventRateLimitOptions {
  /** Default: `secureEventLimits`. */
  readonly configuration?: { readonly eventLimits?: readonly EventLimit[] } | undefined
  readonly quotaSource: Pick<QuotaSource, 'storedBytes'>
  now(): number
}

export const eventRateLimit: PluginDefinition<EventRateLimitOptions> = {
  name: 'EventRateLimit',
  does: 'Limits the number and size of Events in a namespace and of one source',
  on: 'secure',
  guard: 'one client can fill the store with Events',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['events', 'events.events.k8s.io'] }],
  status: [{ name: 'events at a bounded rate', note: 'EventRateLimit' }],
  create,
}

function create({ configuration, quotaSource, now }: EventRateLimitOptions): PluginSteps {
  const rules = (configuration?.eventLimits ?? secureEventLimits).map(({ type, cacheSize, ...rate }) => ({
    type,
    buckets: new TokenBuckets(rate, type === 'Server' ? 1 : cacheSize || defaultCacheSize),
  }))
  const isEvent = ({ group, plural }: AdmissionRequest['resource']) => plural === 'events' && (group === '' || group === 'events.k8s.io')
  return {
    handles: ({ dryRun }) => !dryRun,
    async validate(request) {
      const at = now()
      // Each limit is charged: a request that one limit refuses counts for the others, as upstream.
      const refused = rules.map(({ type, buckets }) => {
        const key = keyOf(type, request)
        return buckets.take(key, at) ? undefined : `limit reached on type ${type} for key ${key}`
      })
      const why = refused.find(text => text !== undefined)
      return why === undefined ? admitted : { allowed: false, error: tooManyRequests(why) }
    },
    validateSize({ resource, namespace }, { growth }) {
      if (growth <= 0 || !isEvent(resource) || quotaSource.storedBytes(namespace, 'news') + growth <= maxBytes) return admitted
      const most = `its Events take ${maxBytes / 2 ** 20} MiB, as much as they may, until older ones expire or are deleted`
      return { allowed: false, error: tooManyRequests(`limit reached on type Namespace for key ${namespace}: ${most}`, retrySeconds) }
    },
  }
}

function keyOf(type: EventLimitType, { namespace, user, object }: AdmissionRequest): string {
  switch (type) {
    case 'Server':
      return ''
    case 'Namespace':
      return namespace
    case 'User':
      return user.name
    case 'SourceAndObject': {
      const event = object as Partial<Event> & {
        reportingController?: string
        reportingInstance?: string
        regarding?: Event['involvedObject']
      }
      const about = event.involvedObject ?? event.regarding
      return [
        event.source?.component ?? event.reportingController,
        event.source?.host ?? event.reportingInstance,
        about?.kind,
        about?.namespace,
        about?.name,
        about?.uid,
        about?.apiVersion,
      ]
        .map(part => part ?? '')
        .join('')
    }
  }
}
