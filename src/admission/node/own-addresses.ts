// The addresses that a node may report: policies and Services use them, so they must be its own.

import { type IpBytes, parseCidr, parseIp, validateNonSpecialIp } from '../../api/addresses/ip-address.ts'
import type { FieldError } from '../../api/field-error.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Node, Pod } from '../../api/types/core-v1.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { addressesOf, hostTypes, rangesOf } from './node-addresses.ts'
import type { NodeClaims } from './node-claims.ts'

/** Why the node may not report these addresses of its pod; undefined if it may, or if they did not change. */
export function podAddressRefusal(pod: Pod, old: Pod | undefined, node: string, reader: StoreReader): string | undefined {
  const added = addedTo(podIps, pod, old)
  const addedHost = addedTo(hostIps, pod, old)
  if (added.length === 0 && addedHost.length === 0) return undefined
  const own = reader.get('nodes', '', node) as Node | undefined
  const wrongHost = addedHost.find(ip => !addressesOf(own).some(text => sameIp(text, ip)))
  if (wrongHost !== undefined)
    return `node "${node}" cannot set status.hostIPs of the pod to ${wrongHost}: they are addresses of the node (status.addresses: ${listed(addressesOf(own))})`
  const isHost = pod.spec.hostNetwork === true
  const allowed = isHost ? addressesOf(own) : rangesOf(own)
  const holds = isHost ? (ip: string) => allowed.some(text => sameIp(text, ip)) : (ip: string) => isWithin(ip, allowed)
  const wrong = added.find(ip => !holds(ip))
  if (wrong === undefined) return undefined
  const wanted = isHost
    ? `a pod of the host network has an address of its node (status.addresses: ${listed(allowed)})`
    : `a pod has an address of its node's ranges (spec.podCIDRs: ${listed(allowed)})`
  return `node "${node}" cannot set status.podIPs of the pod to ${wrong}: ${wanted}`
}

export interface HeldAddresses {
  readonly reader: Pick<StoreReader, 'list'>
  readonly claims: Pick<NodeClaims, 'holderOfRange' | 'otherWithAddress'>
}

/** Why the node may not report this about its own Node; undefined if it may. */
export function nodeAddressRefusal(now: Node, old: Node | undefined, node: string, held: HeldAddresses): string | undefined {
  if (rangesOf(now).join() !== rangesOf(old).join())
    return `node "${node}" is not allowed to set spec.podCIDRs: the control plane gives it its range`
  const before = new Set(old?.status?.addresses?.map(({ type, address }) => `${type} ${address}`))
  for (const { type, address } of now.status?.addresses ?? []) {
    if (before.has(`${type} ${address}`)) continue
    const why = hostTypes.has(type) ? hostRefusal(type, address, node) : ipRefusal(address, node, held)
    if (why !== undefined) return `node "${node}" is not allowed to set status.addresses to ${writeJson(address)}: ${why}`
  }
  return undefined
}

const hostRefusal = (type: string, address: string, node: string): string | undefined =>
  address === node || address.startsWith(`${node}.`) ? undefined : `an address of type ${type} is the name of the node`

function ipRefusal(address: string, node: string, { reader, claims }: HeldAddresses): string | undefined {
  const errors: FieldError[] = []
  validateNonSpecialIp(address, 'address', errors)
  const [special] = errors
  if (special !== undefined) return special.message
  const services = reader.list('servicecidrs.networking.k8s.io') as readonly ServiceCIDR[]
  if (services.some(({ spec }) => isWithin(address, spec.cidrs ?? []))) return 'it is in the range of Services'
  const ip = parseIp(address)
  if (ip === undefined) return undefined
  const inPods = claims.holderOfRange(ip)
  if (inPods !== undefined) return `it is in the range of pods of node "${inPods}"`
  const other = claims.otherWithAddress(ip, node)
  return other === undefined ? undefined : `it is the address of node "${other}"`
}

const listed = (texts: readonly string[]): string => (texts.length === 0 ? 'none yet' : texts.join(', '))

/** Values that were not there before. */
function addedTo(ipsOf: (pod: Pod | undefined) => string[], pod: Pod, old: Pod | undefined): string[] {
  const before = new Set(ipsOf(old))
  return ipsOf(pod).filter(ip => !before.has(ip))
}

const hostIps = (pod: Pod | undefined): string[] => {
  const { hostIP, hostIPs } = pod?.status ?? {}
  return [...new Set([...(hostIP ? [hostIP] : []), ...(hostIPs ?? []).map(({ ip }) => ip)])]
}

const podIps = (pod: Pod | undefined): string[] => {
  const { podIP, podIPs } = pod?.status ?? {}
  return [...new Set([...(podIP ? [podIP] : []), ...(podIPs ?? []).map(({ ip }) => ip)])]
}

function sameIp(a: string, b: string): boolean {
  const [one, other] = [parseIp(a), parseIp(b)]
  return one !== undefined && other !== undefined && one.join() === other.join()
}

function isWithin(text: string, ranges: readonly string[]): boolean {
  const ip = parseIp(text)
  return ip !== undefined && ranges.some(range => isInRange(ip, range))
}

function isInRange(ip: IpBytes, range: string): boolean {
  const cidr = parseCidr(range)
  if (cidr === undefined || cidr.address.length !== ip.length) return false
  const { address, prefixLength } = cidr
  return address.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, prefixLength - index * 8))
    const mask = (0xff << (8 - bits)) & 0xff
    return ((ip[index] ?? 0) & mask) === (byte & mask)
  })
}
