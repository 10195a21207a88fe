// Keeps the EndpointSlices of each service.
import type { Pod } from '../api/types/core-v1.ts'
import { selectsByMap } from '../client/label-selector.ts'
import { labelIndex } from '../client/object-cache.ts'
import { keyOf, makeKey } from '../client/object-key.ts'
import { endpointSlices, nodes, pods, services } from '../client/resources.ts'
import { applySlices } from './apply-slices.ts'
import { type Context, type Controller, done, follow } from './controller.ts'
import { managedByLabel, planSlices, serviceNameLabel, sliceManager } from './endpoint-slice-plan.ts'
import { hasSelector } from './service-endpoints.ts'

const byService = labelIndex(serviceNameLabel)

export const endpointSlice: Controller = {
  name: 'endpointslice-controller',
  watches: services,
  follows: [
    follow({ resource: pods, keys: servicesOf }),
    follow({
      resource: endpointSlices,
      keys: ({ metadata }) => {
        const name = metadata.labels?.[serviceNameLabel]
        return name === undefined || metadata.labels?.[managedByLabel] !== sliceManager ? [] : [makeKey(metadata.namespace ?? '', name)]
      },
    }),
    follow({ resource: nodes, keys: () => [] }),
  ],
  begin(context) {
    const { informers } = context
    const cache = informers.full(services)
    const slices = informers.full(endpointSlices)
    slices.addIndex(byService.name, byService.valuesOf)
    return async (key, signal) => {
      const service = cache.getByKey(key)
      // Slices of a service that is gone are the garbage collector's.
      if (service === undefined || service.metadata.deletionTimestamp !== undefined || !hasSelector(service)) return done
      const { namespace = '', name = '' } = service.metadata
      const existing = slices.byIndex(byService.name, name).filter(({ metadata }) => {
        return (
          metadata.namespace === namespace && metadata.labels?.[managedByLabel] === sliceManager && metadata.deletionTimestamp === undefined
        )
      })
      const plan = planSlices(service, informers.full(pods).list(namespace), existing, node => informers.full(nodes).get('', node))
      await applySlices(context, namespace, plan, signal)
      return done
    }
  },
}

/** Services that select the pod, or did before the change. */
export function servicesOf(pod: Pod, { informers }: Context, old?: Pod): string[] {
  return informers
    .full(services)
    .list(pod.metadata.namespace)
    .filter(
      ({ spec }) =>
        selectsByMap(spec?.selector, pod.metadata.labels) || (old !== undefined && selectsByMap(spec?.selector, old.metadata.labels)),
    )
    .map(keyOf)
}
