// The networks that addresses of Services come from, as a node's rules need them.
import type { AddressRange } from '../../api/addresses/ipv4-range.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { rangesOf } from '../address-ranges.ts'

/**
 * Of the cluster's own range and every ServiceCIDR, IPv4, without overlaps. Pods' addresses are left out whatever a ServiceCIDR says: packets to
 * Services have become packets to pods by the time that their destination is looked at.
 */
export function serviceRanges(own: string, further: readonly ServiceCIDR[], pods: string): AddressRange[] {
  const cidrs = [own, ...further.flatMap(({ spec }) => spec.cidrs ?? [])]
  return rangesOf(cidrs.map(cidr => ({ cidr, except: [pods] })))
}
