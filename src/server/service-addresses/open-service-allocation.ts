// Assembles the allocation for Services: its state from the store, its writes by the server's own requests, and the repair loop.
import type { Service } from '../../api/types/core-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Registry } from '../../base/metrics/metrics.ts'
import { followChanges } from '../../store/follow-changes.ts'
import type { OwnRequests } from '../http/internal-requests.ts'
import type { ServedResources } from '../resource/served-resource.ts'
import { AddressBook } from './address-book.ts'
import { AddressObjects } from './address-objects.ts'
import { AddressRepair } from './address-repair.ts'
import { registerAllocatorMetrics } from './allocator-metrics.ts'
import { ServiceAllocation } from './service-allocation.ts'
import { followServiceCidrs } from './service-cidrs.ts'
import { ServiceEndpoints } from './service-endpoints.ts'

export const defaultServiceCidr = '10.96.0.0/16'

export interface ServiceAllocationParts {
  readonly resources: ServedResources
  readonly cidr: string
  /** With the server's own identity; first called by the first request or by `run`. */
  readonly requests: () => OwnRequests
  readonly metrics: Registry
  readonly clock: Clock
  readonly log: Logger
}

export interface OpenServiceAllocation {
  readonly reservations: ServiceAllocation
  /** Runs until the signal. */
  run(): Promise<void>
}

/** Initialized from the Services in the store; undefined if this server does not serve Services. */
export function openServiceAllocation(parts: ServiceAllocationParts, signal: AbortSignal): OpenServiceAllocation | undefined {
  const { resources, cidr, requests, metrics, clock, log } = parts
  const services = resources.byGroupResource('services')?.collection
  if (services === undefined) return undefined
  const addresses = resources.byGroupResource('ipaddresses.networking.k8s.io')?.collection
  const cidrs = resources.byGroupResource('servicecidrs.networking.k8s.io')?.collection
  const endpoints = resources.byGroupResource('endpoints')?.collection
  let repair: AddressRepair | undefined
  const due = (address: string): void => repair?.due(address)
  const book = new AddressBook({ cidr, isStored: address => addresses?.newest('', address) !== undefined, onInherited: due })
  registerAllocatorMetrics(metrics, book)
  const objects = addresses && new AddressObjects({ collection: addresses, requests, onLeft: due, log })
  if (addresses && objects) repair = new AddressRepair({ book, objects, addresses, services, requests, clock, log }, signal)
  const keepCidrs = cidrs && followServiceCidrs({ book, cidrs, requests, onGone: () => repair?.lookAtRanges(), clock, log }, signal)
  const { entries, revision } = services.list({})
  // The schema of Services decoded the objects.
  const reservations = new ServiceAllocation(
    book,
    objects,
    endpoints && new ServiceEndpoints({ collection: endpoints, requests, log }),
    entries.map(({ object }) => object as Service),
  )
  followChanges(services, { after: revision, signal, log }, ({ type, event: { entry, previous, byOther } }) => {
    if (byOther) reservations.follow(entry.object, previous?.object, type === 'DELETED')
  })
  return {
    reservations,
    async run() {
      await Promise.all([repair?.run(signal), keepCidrs?.()])
    },
  }
}
