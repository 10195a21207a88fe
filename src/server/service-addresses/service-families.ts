// IP families and family policy of a Service, by upstream's rules for a single-stack cluster.

import { isIpv6Text } from '../../api/addresses/ip-address.ts'
import type { FieldError } from '../../api/field-error.ts'
import { validateClusterIps } from '../../api/resources/core/service-addresses.ts'
import { needsClusterIp } from '../../api/resources/core/service-fields.ts'
import { sameValue } from '../../api/same-value.ts'
import { invalid } from '../../api/status.ts'
import type { Service } from '../../api/types/core-v1.ts'
import { clusterAddresses } from './cluster-addresses.ts'
import { refused } from './node-port-allocation.ts'

const kind = { group: '', kind: 'Service' }
const ownFamily = 'IPv4'

/** Sets policy and families as upstream does in a single-stack cluster. Requests for two families are refused, never half fulfilled. */
export function setFamilies(service: Service, before: Service | undefined): void {
  const { spec } = service
  if (!needsClusterIp(service) || (before !== undefined && staysPreferred(service, before))) return
  const headlessWithoutSelector = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0
  // Manual Endpoints may be of any family, so upstream sets both.
  spec.ipFamilyPolicy ??= before?.spec.ipFamilyPolicy ?? (headlessWithoutSelector ? 'RequireDualStack' : 'SingleStack')
  const errors: FieldError[] = []
  // Allocation needs consistent fields, so this error is reported alone, before other validation.
  validateClusterIps(service, errors)
  if (errors.length > 0) throw invalid(kind, service.metadata.name ?? '', errors)
  settleSecondary(service, before)
  if (headlessWithoutSelector) {
    spec.ipFamilies ??= [ownFamily]
    const [first] = spec.ipFamilies
    if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') {
      spec.ipFamilies = [first ?? ownFamily, first === 'IPv6' ? 'IPv4' : 'IPv6']
    }
    return
  }
  const refusals: [field: string, value: unknown, detail: string][] = []
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    refusals.push(['spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'])
  }
  spec.ipFamilies?.forEach((family, index) => {
    if (family !== ownFamily) refusals.push([`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'])
  })
  if (refusals.length > 0) throw refused(service, ...refusals)
  if ((spec.ipFamilies?.length ?? 0) === 0) spec.ipFamilies = [ownFamily]
}

/** Checks the policy against the number of addresses and families, and fills in families implied by addresses. */
function settleSecondary(service: Service, before: Service | undefined): void {
  const { spec } = service
  const policy = spec.ipFamilyPolicy
  const refusals: [field: string, value: unknown, detail: string][] = []
  const refuse = (detail: string): void => void refusals.push(['spec.ipFamilyPolicy', policy, detail])
  for (const [field, one, many] of secondaries) {
    const now = spec[field] ?? []
    const old = before?.spec[field] ?? []
    if (before !== undefined && policy === 'SingleStack' && now.length > 1 && sameValue(now, old)) {
      Object.assign(spec, { [field]: now.slice(0, 1) })
    } else if (before !== undefined && policy !== 'SingleStack' && now.length < old.length && now.length > 0) {
      refuse(`must be 'SingleStack' to release the secondary ${one}`)
    } else if (policy === 'SingleStack' && now.length === 2) {
      refuse(`must be 'RequireDualStack' or 'PreferDualStack' when multiple ${many} are specified`)
    }
  }
  for (const [index, address] of clusterAddresses(service).entries()) {
    if (index < (spec.ipFamilies?.length ?? 0)) continue
    if (isIpv6Text(address)) refusals.push([`spec.clusterIPs[${index}]`, spec.clusterIPs, 'IPv6 is not configured on this cluster'])
    else spec.ipFamilies = [...(spec.ipFamilies ?? []), ownFamily]
  }
  if (refusals.length > 0) throw refused(service, ...refusals)
}

const secondaries = [
  ['clusterIPs', 'cluster IP', 'cluster IPs'],
  ['ipFamilies', 'IP family', 'IP families'],
] as const

/** A Service that only prefers two families stays unchanged as long as its family fields do not change. */
function staysPreferred({ spec }: Service, { spec: old }: Service): boolean {
  return (
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    old.ipFamilyPolicy === 'PreferDualStack' &&
    spec.clusterIP === old.clusterIP &&
    sameValue(spec.clusterIPs ?? [], old.clusterIPs ?? []) &&
    sameValue(spec.ipFamilies ?? [], old.ipFamilies ?? [])
  )
}
