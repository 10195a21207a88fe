// Applies a plan of EndpointSlices, for the controllers that create them from Services and from Endpoints.
import { isReason } from '../api/status.ts'
import { endpointSlices } from '../client/resources.ts'
import type { Context } from './controller.ts'
import type { SlicePlan } from './endpoints/endpoint-slice-plan.ts'
import { isNamespaceEnding } from './pod-control.ts'

/** Stops without an error if the namespace is being deleted; a slice that no longer exists counts as deleted. */
export async function applySlices({ client }: Context, namespace: string, plan: SlicePlan, signal: AbortSignal): Promise<void> {
  try {
    for (const slice of plan.create) await client.create(endpointSlices, namespace, slice, signal)
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
