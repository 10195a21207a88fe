// Mirrors Endpoints that were written by hand into EndpointSlices, which are what nodes read.
import { isReason } from '../api/status.ts'
import type { EndpointSlice } from '../api/types/discovery-v1.ts'
import { labelIndex } from '../client/object-cache.ts'
import { keyOf, makeKey, splitKey } from '../client/object-key.ts'
import { endpointSlices, endpoints, services } from '../client/resources.ts'
import { type Context, type Controller, done, follow } from './controller.ts'
import { isMirrored, mirrorManager, planMirror } from './endpoint-slice-mirror-plan.ts'
import { managedByLabel, type SlicePlan, serviceNameLabel } from './endpoint-slice-plan.ts'
import { isNamespaceEnding } from './pod-control.ts'

const byService = labelIndex(serviceNameLabel)

export const endpointSliceMirroring: Controller = {
  name: 'endpointslicemirroring-controller',
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
      await apply(context, namespace, plan, signal)
      return done
    }
  },
}

async function apply({ client }: Context, namespace: string, plan: SlicePlan, signal: AbortSignal): Promise<void> {
  try {
    for (const slice of plan.create) await client.create<EndpointSlice>(endpointSlices, namespace, slice, signal)
  } catch (err) {
    if (isNamespaceEnding(err)) return
    throw err
  }
  for (const slice of plan.update) await client.update(endpointSlices, slice, signal)
  for (const { metadata } of plan.delete) {
    try {
      await client.delete(endpointSlices, namespace, metadata.name ?? '', {}, signal)
    } catch (err) {
      if (!isReason(err, 'NotFound')) throw err
    }
  }
}
