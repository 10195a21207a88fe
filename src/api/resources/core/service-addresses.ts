// Validation of a Service's cluster IPs and IP families, and of their changes.

import { isDualStack, isIpv6Text, parseIp, validateIp } from '../../addresses/ip-address.ts'
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { Service } from '../../types/core-v1.ts'
import { goStrings, invalidShown } from '../../validation/go-syntax.ts'
import { validateChoice } from '../../validation/pod/security-context.ts'
import { isHeadless } from './service-fields.ts'

const families = ['IPv4', 'IPv6']
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']

/** Also used before addresses are allocated: the given fields must be consistent. */
export function validateClusterIps(service: Service, errors: FieldError[]): void {
  const { spec } = service
  if (spec.type === 'ExternalName') return
  const addresses = spec.clusterIPs ?? []
  const path = 'spec.clusterIPs'
  if (spec.clusterIP) {
    if (addresses.length === 0) errors.push(required(path))
    else if (addresses[0] !== spec.clusterIP) errors.push(invalidShown(path, goStrings(addresses), 'first value must match `clusterIP`'))
  } else if (addresses.length > 0) errors.push(invalidShown(path, goStrings(addresses), 'must be empty when `clusterIP` is not specified'))
  validateFamilies(service, errors)
  let allValid = true
  addresses.forEach((address, index) => {
    if (index === 0 && address === 'None') {
      if (addresses.length === 1) return
      errors.push(invalidShown(path, goStrings(addresses), "'None' must be the first and only value"))
      allValid = false
    } else if (!validateIp(address, `${path}[${index}]`, errors)) allValid = false
  })
  if (addresses.length > 2) errors.push(invalidShown(path, goStrings(addresses), 'may only hold up to 2 values'))
  // Invalid addresses cannot be checked further.
  if (!allValid) return
  if (addresses.length > 1 && !isDualStack(addresses.map(parseIp))) {
    errors.push(invalidShown(path, goStrings(addresses), 'may specify no more than one IP for each IP family'))
  }
  if (isHeadless(service)) return
  addresses.forEach((address, index) => {
    const family = spec.ipFamilies?.[index]
    const isIpv6 = isIpv6Text(address)
    if ((family === 'IPv4' && isIpv6) || (family === 'IPv6' && !isIpv6)) {
      errors.push(invalidValue(`${path}[${index}]`, address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``))
    }
  })
}

function validateFamilies({ spec }: Service, errors: FieldError[]): void {
  const seen = new Set<string>()
  spec.ipFamilies?.forEach((family, index) => {
    const at = `spec.ipFamilies[${index}]`
    if (!families.includes(family)) errors.push(notSupported(at, family, families))
    if (seen.has(family)) errors.push(duplicate(at, family))
    seen.add(family)
  })
  validateChoice(spec.ipFamilyPolicy, policies, 'spec.ipFamilyPolicy', errors)
}

/** The first address and family are immutable; a second may be added and, if the policy says so, removed. */
export function validateAddressChanges(service: Service, old: Service, errors: FieldError[]): void {
  if (service.spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return
  const headless = isHeadless(service)
  const wasHeadless = isHeadless(old)
  if (!headless || !wasHeadless) validateChange('clusterIPs', service, old, errors)
  if (!headless && !wasHeadless) validateChange('ipFamilies', service, old, errors)
}

function validateChange(field: 'clusterIPs' | 'ipFamilies', service: Service, old: Service, errors: FieldError[]): void {
  const now: readonly string[] = service.spec[field] ?? []
  const before: readonly string[] = old.spec[field] ?? []
  const path = `spec.${field}`
  const type = field === 'clusterIPs' ? 'string' : 'core.IPFamily'
  const what = field === 'clusterIPs' ? 'clusterIP' : 'ipFamily'
  if (now.length === before.length) {
    before.forEach((value, index) => {
      if (value !== now[index])
        errors.push(invalidShown(`${path}[${field === 'clusterIPs' ? index : 0}]`, goStrings(now, type), 'may not change once set'))
    })
    return
  }
  // Upstream requires an address in both lists, and shows the addresses.
  const { clusterIPs } = service.spec
  if (before.length > now.length && (clusterIPs ?? []).length === 0)
    errors.push(invalidShown(`${path}[0]`, goStrings(service.spec[field], type), `primary ${what} can not be unset`))
  if (now.length > 0 && before.length > 0 && now[0] !== before[0])
    errors.push(invalidShown(`${path}[0]`, goStrings(clusterIPs), 'may not change once set'))
  if (before.length > now.length && now.length === 1 && service.spec.ipFamilyPolicy !== 'SingleStack') {
    const text = `must be set to 'SingleStack' when releasing the secondary ${what}`
    errors.push(invalidValue('spec.ipFamilyPolicy', service.spec.ipFamilyPolicy, text))
  }
}
