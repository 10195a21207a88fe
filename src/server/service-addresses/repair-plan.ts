// Plans the repair of an address of a Service and its IPAddress, with upstream's messages. Pure.
import { hasAllocatorLabels, ipAddressManagedByLabel, serviceAllocator } from '../../api/addresses/service-address.ts'
import type { Entry } from '../../store/store.ts'
import { isOf, serviceOf } from './address-objects.ts'

/** How long an IPAddress may exist before its Service, in milliseconds. */
const graceMs = 60_000

export interface AddressState {
  readonly address: string
  /** The Service with the address, as `namespace/name`. */
  readonly holder: string | undefined
  /** Whether the Service is stored with this address, with no write in progress. */
  readonly isSettled: boolean
  /** Whether it is in any ServiceCIDR, ready or not. */
  readonly isWithin: boolean
  readonly entry: Entry | undefined
  /** Whether the Service named by the entry exists. */
  readonly parentExists: boolean
  /** Age of the entry in milliseconds. */
  readonly age: number
}

/** An event for the Service or the IPAddress. */
export interface RepairEvent {
  readonly about: 'service' | 'address'
  readonly reason: string
  readonly note: string
}

export type Repair =
  | { readonly act: 'nothing' }
  | { readonly act: 'wait'; readonly ms: number }
  | { readonly act: 'report'; readonly event: RepairEvent }
  | { readonly act: 'create'; readonly event: RepairEvent }
  | { readonly act: 'recreate'; readonly event: RepairEvent | undefined }
  | { readonly act: 'delete'; readonly event: RepairEvent }

const nothing: Repair = { act: 'nothing' }

export function planRepair(state: AddressState): Repair {
  const { holder, entry } = state
  if (holder !== undefined) return state.isSettled ? planHeld(state, holder) : nothing
  return entry === undefined || entry.labels[ipAddressManagedByLabel] !== serviceAllocator ? nothing : planOrphan(state, entry)
}

function planHeld({ address, isWithin, entry }: AddressState, holder: string): Repair {
  const event = (reason: string, note: string): RepairEvent => ({ about: 'service', reason, note })
  const shown = `[${address.includes(':') ? 'IPv6' : 'IPv4'}]: ${address}`
  if (!isWithin) {
    const note = `Cluster IP ${shown} is not within any configured Service CIDR; please recreate service`
    return { act: 'report', event: event('ClusterIPOutOfRange', note) }
  }
  if (entry !== undefined && isOf(entry, holder)) return nothing
  if (entry === undefined)
    return { act: 'create', event: event('ClusterIPNotAllocated', `Cluster IP ${shown} is not allocated; repairing`) }
  // Upstream corrects labels without an event.
  if (serviceOf(entry) === holder && !hasAllocatorLabels(address, entry.labels)) return { act: 'recreate', event: undefined }
  const note = `the ClusterIP ${shown} for Service ${holder} has a wrong reference; repairing`
  return { act: 'recreate', event: event('ClusterIPNotAllocated', note) }
}

function planOrphan({ address, parentExists, age }: AddressState, entry: Entry): Repair {
  const event = (reason: string, note: string): RepairEvent => ({ about: 'address', reason, note })
  const parent = serviceOf(entry)
  if (parent === undefined) {
    const { fields } = entry
    const shown = ['group', 'resource', 'namespace', 'name'].map(part => fields[`spec.parentRef.${part}`] ?? '').join(' ')
    const note = `IPAddress ${address} appears to have been modified, not referencing a Service &{${shown}}: cleaning up`
    return { act: 'delete', event: event('IPAddressNotAllocated', note) }
  }
  if (parentExists) {
    const note = `IPAddress: ${address} for Service ${parent} has a wrong reference; cleaning up`
    return { act: 'delete', event: event('IPAddressWrongReference', note) }
  }
  if (age <= graceMs) return { act: 'wait', ms: graceMs - age + 1 }
  const note = `IPAddress: ${address} for Service ${parent} appears to have leaked: cleaning up`
  return { act: 'delete', event: event('IPAddressNotAllocated', note) }
}
