// The cluster addresses of a Service, as text and as numbers.
import { addressNumber } from '../../api/addresses/ipv4-range.ts'
import type { Service } from '../../api/types/core-v1.ts'

/** Empty for a headless Service, and before the allocation. */
export function clusterAddresses({ spec }: Service): string[] {
  const all = spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : []
  return all.filter(address => address !== 'None' && address !== '')
}

/** Only IPv4. */
export function numbersOf(service: Service): number[] {
  return clusterAddresses(service).flatMap(address => addressNumber(address) ?? [])
}
