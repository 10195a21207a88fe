// The networks of Service addresses, for a node's rules.
import type { AddressRange } from '../../api/addresses/ipv4-range.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { rangesOf } from '../address-ranges.ts'

/**
 * The cluster's own range and every ServiceCIDR, IPv4, without overlaps. Pod addresses are excluded whatever a ServiceCIDR says: packets to
 * Services already have a pod's address when their destination is checked.
 */
export function serviceRanges(own: string, further: readonly ServiceCIDR[], pods: string): AddressRange[] {
  const cidrs = [own, ...further.flatMap(({ spec }) => spec.cidrs ?? [])]
  return rangesOf(cidrs.map(cidr => ({ cidr, except: [pods] })))
}
