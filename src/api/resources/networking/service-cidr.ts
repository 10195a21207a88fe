// networking.k8s.io/v1 ServiceCIDR.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import { defineResource } from '../../resource.ts'
import type { ServiceCIDR } from '../../types/networking-v1.ts'
import { isDualStack, parseCidr, validateCidr } from '../../validation/ip-address.ts'
import { immutableMessage, semanticallyEqual } from '../../validation/object-meta.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'

export const serviceCidr = defineResource<ServiceCIDR>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  namespaced: false,
  subresources: [statusSubresource<ServiceCIDR>()],
  columns: [nameColumn, { name: 'CIDRs', type: 'string', cell: ({ spec }) => (spec.cidrs ?? []).join(',') }, ageColumn],
  prepareForCreate(object) {
    object.status = {}
  },
  prepare: keepStatus,
  validate,
  validateUpdate({ spec }, old) {
    if (semanticallyEqual(spec.cidrs, old.spec.cidrs)) return []
    return [invalidValue('spec.cidrs', spec.cidrs, immutableMessage)]
  },
})

function validate({ spec }: ServiceCIDR): FieldError[] {
  const errors: FieldError[] = []
  const cidrs = spec.cidrs ?? []
  if (cidrs.length === 0) return [required('spec.cidrs', 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalidValue('spec', cidrs, 'may only hold up to 2 values')]
  const parsed = cidrs.map(parseCidr)
  if (cidrs.length === 2 && parsed.every(cidr => cidr !== undefined) && !isDualStack(parsed.map(cidr => cidr.address))) {
    errors.push(invalidValue('spec', cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96'))
  }
  cidrs.forEach((cidr, index) => {
    validateCidr(cidr, `spec.cidrs[${index}]`, errors)
  })
  return errors
}
