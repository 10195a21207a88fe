// Reports Services of type LoadBalancer for which no provider exists: otherwise they stay pending in `kubectl get` without a reason.
import { recordEvents, rule } from '../api/policy-rule.ts'
import type { Service } from '../api/types/core-v1.ts'
import { writeJson } from '../base/write-json.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { services } from '../client/resources.ts'
import { type Controller, done } from './controller.ts'

/** Events are kept for an hour; a later reader must still find one. */
const againMs = 50 * 60_000
/** A provider that runs in the cluster answers sooner. */
const patienceMs = 3_000

export const loadBalancerNotice: Controller = {
  name: 'load-balancer-notice-controller',
  identity: {
    account: 'load-balancer-notice-controller',
    own: true,
    rules: [rule('list watch', 'core', 'services'), recordEvents],
  },
  watches: services,
  begin({ informers, events, clock }) {
    const cache = informers.full(services)
    /** By key: since when a Service is pending, in monotonic milliseconds. */
    const waiting = new Map<string, { readonly uid: string | undefined; readonly since: number }>()
    return async key => {
      const service = cache.getByKey(key)
      if (service === undefined || !waitsForProvider(service)) {
        waiting.delete(key)
        return done
      }
      const { uid } = service.metadata
      const known = waiting.get(key)
      if (known === undefined || known.uid !== uid) {
        waiting.set(key, { uid, since: clock.monotonic() })
        return { requeueAfterMs: patienceMs }
      }
      const left = known.since + patienceMs - clock.monotonic()
      if (left > 0) return { requeueAfterMs: left }
      waiting.set(key, { uid, since: clock.monotonic() + againMs - patienceMs })
      events.record(referenceTo(service, 'v1', 'Service'), 'Normal', 'NoLoadBalancer', noticeFor(service))
      return { requeueAfterMs: againMs }
    }
  },
}

const waitsForProvider = ({ metadata, spec, status }: Service): boolean =>
  spec?.type === 'LoadBalancer' && metadata.deletionTimestamp === undefined && (status?.loadBalancer?.ingress ?? []).length === 0

function noticeFor({ spec }: Service): string {
  const ports = (spec?.ports ?? []).flatMap(({ nodePort }) => nodePort ?? [])
  const reach = ports.length === 0 ? 'its cluster IP' : `its cluster IP, and port ${ports.join(', ')} of each node`
  const wanted =
    spec?.loadBalancerClass === undefined
      ? 'Nothing in this cluster provides load balancers'
      : `Nothing has provided a load balancer of class ${writeJson(spec.loadBalancerClass)} yet`
  return `${wanted}: the Service is reached by ${reach}. A controller that writes status.loadBalancer provides one`
}
