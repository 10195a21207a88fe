// How the API represents addresses of Services: an IPAddress for each, within the ranges of ServiceCIDRs (KEP-1880).
import type { KubeObject } from '../object.ts'
import type { IPAddress, ServiceCIDR } from '../types/networking-v1.ts'

const ipFamilyLabel = 'ipaddress.kubernetes.io/ip-family'
export const ipAddressManagedByLabel = 'ipaddress.kubernetes.io/managed-by'
/** The controller that creates the IPAddresses of Services; other clients may create their own. */
export const serviceAllocator = 'ipallocator.k8s.io'
/** Keeps a ServiceCIDR while addresses need it. */
export const serviceCidrFinalizer = 'networking.k8s.io/service-cidr-finalizer'
/** The ServiceCIDR that the server creates from its startup range. */
export const defaultServiceCidrName = 'kubernetes'

const family = (address: string): string => (address.includes(':') ? 'IPv6' : 'IPv4')

export function hasAllocatorLabels(address: string, labels: Readonly<Record<string, string>>): boolean {
  return labels[ipAddressManagedByLabel] === serviceAllocator && labels[ipFamilyLabel] === family(address)
}

/** `address` in its canonical form. */
export function serviceIpAddress(address: string, { namespace = '', name = '' }: KubeObject['metadata']): IPAddress & KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: address, labels: { [ipFamilyLabel]: family(address), [ipAddressManagedByLabel]: serviceAllocator } },
    spec: { parentRef: { group: '', resource: 'services', namespace, name } },
  }
}

/** Whether new addresses may come from it. As upstream, one that no controller has processed yet counts as ready. */
export function givesAddresses({ metadata, status }: ServiceCIDR): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready === undefined || ready.status === 'True'
}
