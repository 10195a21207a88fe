// Decides whether a ServiceCIDR may be deleted: which ranges contain which addresses, of both families. Pure.

import { type IpBytes, parseCidr, parseIp } from '../api/addresses/ip-address.ts'
import { hasAllocatorLabels, serviceCidrFinalizer } from '../api/addresses/service-address.ts'
import type { IPAddress, ServiceCIDR } from '../api/types/networking-v1.ts'

/** After the deletion, in milliseconds: until then a Service may still be stored with an address allocated before. As upstream. */
const deletionGraceMs = 10_000

export type CidrStep =
  | { readonly step: 'nothing' | 'finalize' | 'ready' | 'in use' | 'release' }
  /** It may be deleted, but not yet. */
  | { readonly step: 'later'; readonly ms: number }

interface Network {
  readonly address: IpBytes
  readonly prefixLength: number
}

/** The next step for a ServiceCIDR; `all` contains it too, `now` is in milliseconds. */
export function planServiceCidr(cidr: ServiceCIDR, all: readonly ServiceCIDR[], addresses: Iterable<IPAddress>, now: number): CidrStep {
  const { deletionTimestamp, finalizers = [] } = cidr.metadata
  const isKept = finalizers.includes(serviceCidrFinalizer)
  if (deletionTimestamp === undefined) return { step: isKept ? 'ready' : 'finalize' }
  if (!isKept) return { step: 'nothing' }
  if (!mayBeDeleted(cidr, all, addresses)) return { step: 'in use' }
  const left = Date.parse(deletionTimestamp) + deletionGraceMs - now
  return left > 0 ? { step: 'later', ms: left } : { step: 'release' }
}

/** Each range that the address could come from. */
export function cidrsHolding(address: string, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  const ip = parseIp(address)
  if (ip === undefined) return []
  return all.filter(cidr => networksOf(cidr).some(network => gives(network, ip)))
}

export function cidrsOverlapping({ spec }: ServiceCIDR, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  const own = networksOf({ spec })
  return all.filter(cidr => networksOf(cidr).some(other => own.some(one => covers(one, other) || covers(other, one))))
}

/** Created by the server for a Service, and not by another client. */
export function isServiceAddress({ metadata }: IPAddress): boolean {
  return hasAllocatorLabels(metadata.name ?? '', metadata.labels ?? {})
}

/**
 * True if each of its networks is within another ServiceCIDR's, so that no address loses its range, or no Service has an address that only
 * it contains. `all` contains the ServiceCIDR too.
 */
export function mayBeDeleted(cidr: ServiceCIDR, all: readonly ServiceCIDR[], addresses: Iterable<IPAddress>): boolean {
  const others = all.filter(({ metadata }) => metadata.name !== cidr.metadata.name)
  const isCovered = networksOf(cidr).every(own => others.some(other => networksOf(other).some(network => covers(network, own))))
  if (isCovered) return true
  for (const address of addresses) {
    if (!isServiceAddress(address)) continue
    const holding = cidrsHolding(address.metadata.name ?? '', all)
    if (holding.length === 1 && holding[0]?.metadata.name === cidr.metadata.name) return false
  }
  return true
}

function networksOf({ spec }: Pick<ServiceCIDR, 'spec'>): Network[] {
  return (spec.cidrs ?? []).flatMap(cidr => parseCidr(cidr) ?? [])
}

/** Within, but neither the network's own address nor, for IPv4, the broadcast address: those are never allocated. */
function gives(network: Network, ip: IpBytes): boolean {
  if (!within(network, ip)) return false
  const host = ip.flatMap(byte => [7, 6, 5, 4, 3, 2, 1, 0].map(bit => (byte >> bit) & 1)).slice(network.prefixLength)
  return host.includes(1) && (ip.length === 16 || host.includes(0))
}

function covers(outer: Network, inner: Network): boolean {
  return outer.prefixLength <= inner.prefixLength && within(outer, inner.address)
}

function within({ address, prefixLength }: Network, ip: IpBytes): boolean {
  return (
    address.length === ip.length &&
    address.every((byte, index) => {
      const mask = 0xff & (0xff00 >> Math.max(0, Math.min(8, prefixLength - index * 8)))
      return (byte & mask) === ((ip[index] ?? 0) & mask)
    })
  )
}
