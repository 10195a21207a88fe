// networking.k8s.io/v1 ServiceCIDR.

import { isDualStack, parseCidr } from '../../addresses/ip-address.ts'
import { validateCanonicalCidr } from '../../addresses/ip-format.ts'
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { ServiceCIDR } from '../../types/networking-v1.ts'
import { goStrings, invalidShown } from '../../validation/go-syntax.ts'
import { immutableMessage } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { statusSubresource } from '../status-strategy.ts'

export const serviceCidr = defineResource<ServiceCIDR>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  namespaced: false,
  // Upstream names the wrong group for reset fields, so an applier of the status manages everything that is sent, and likewise on the main
  // path.
  subresources: [{ ...statusSubresource<ServiceCIDR>({ keepsMetadata: true }), resetFields: [] }],
  resetFields: [],
  columns: [nameColumn, { name: 'CIDRs', type: 'string', cell: ({ spec }) => (spec.cidrs ?? []).join(',') }, ageColumn],
  // Upstream also accepts the status on the main path, where an omitted status clears it.
  setDefaults(object) {
    object.status ??= {}
  },
  validate,
  validateUpdate,
})

/** A second range may be added, which makes a cluster dual-stack. Nothing else may change. */
function validateUpdate(object: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const now = object.spec.cidrs ?? []
  const before = old.spec.cidrs ?? []
  const [first = ''] = now
  if (before.length === 1 && now.length === 2) {
    const changed = first === before[0] ? [] : [invalidValue('spec.cidrs[0]', first, immutableMessage)]
    return [...changed, ...validate(object)]
  }
  if (before.length !== now.length) return [invalidShown('spec.cidrs', goStrings(object.spec.cidrs), immutableMessage)]
  return now.flatMap((cidr, index) => (cidr === before[index] ? [] : [invalidValue(`spec.cidrs[${index}]`, cidr, immutableMessage)]))
}

function validate({ spec }: ServiceCIDR): FieldError[] {
  const errors: FieldError[] = []
  const cidrs = spec.cidrs ?? []
  if (cidrs.length === 0) return [required('spec.cidrs', 'at least one CIDR required')]
  const shown = `&networking.ServiceCIDRSpec{CIDRs:${goStrings(cidrs)}}`
  if (cidrs.length > 2) return [invalidShown('spec.cidrs', shown, 'may only hold up to 2 values')]
  if (cidrs.length === 2 && !isDualStack(cidrs.map(cidr => parseCidr(cidr)?.address))) {
    const text = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
    return [invalidShown('spec.cidrs', shown, text)]
  }
  cidrs.forEach((cidr, index) => {
    validateCanonicalCidr(cidr, `spec.cidrs[${index}]`, errors)
  })
  return errors
}
