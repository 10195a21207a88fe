// Mirrors manually written Endpoints into EndpointSlices, which nodes read.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import { labelIndex } from '../../client/cache/object-cache.ts'
import { keyOf, makeKey, splitKey } from '../../client/cache/object-key.ts'
import { endpointSlices, endpoints, services } from '../../client/resources.ts'
import { applySlices } from '../apply-slices.ts'
import { type Controller, done, follow } from '../controller.ts'
import { isMirrored, mirrorManager, planMirror } from './endpoint-slice-mirror-plan.ts'
import { managedByLabel, type SlicePlan, serviceNameLabel } from './endpoint-slice-plan.ts'

const byService = labelIndex(serviceNameLabel)

export const endpointSliceMirroring: Controller = {
  name: 'endpointslicemirroring-controller',
  identity: {
    account: 'endpointslicemirroring-controller',
    rules: [
      rule(read, 'core', 'endpoints services'),
      rule('update', 'core', 'services/finalizers'),
      rule('update', 'core', 'endpoints/finalizers'),
      rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'),
      rule('create', 'discovery.k8s.io', 'endpointslices/restricted'),
      recordEvents,
    ],
  },
  watches: endpoints,
  follows: [
    follow({ resource: services, keys: service => [keyOf(service)] }),
    follow({
      resource: endpointSlices,
      keys: ({ metadata: { namespace = '', labels } }) => {
        const name = labels?.[serviceNameLabel]
        return name === undefined || labels?.[managedByLabel] !== mirrorManager ? [] : [makeKey(namespace, name)]
      },
    }),
  ],
  begin(context) {
    const { informers } = context
    const slices = informers.full(endpointSlices)
    slices.addIndex(byService.name, byService.valuesOf)
    return async (key, signal) => {
      const { namespace, name } = splitKey(key)
      const existing = slices.byIndex(byService.name, name).filter(({ metadata }) => {
        return (
          metadata.namespace === namespace &&
          metadata.labels?.[managedByLabel] === mirrorManager &&
          metadata.deletionTimestamp === undefined
        )
      })
      const object = informers.full(endpoints).getByKey(key)
      const plan: SlicePlan = isMirrored(object, informers.full(services).getByKey(key))
        ? planMirror(object, existing)
        : { create: [], update: [], delete: existing }
      await applySlices(context, namespace, plan, signal)
      return done
    }
  },
}
