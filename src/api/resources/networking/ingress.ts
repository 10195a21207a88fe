// networking.k8s.io/v1 Ingress.

import { writeJson } from '../../../base/write-json.ts'
import { parseIp, validateIp } from '../../addresses/ip-address.ts'
import { type FieldError, invalidValue } from '../../field-error.ts'
import type { Ingress } from '../../types/networking-v1.ts'
import { dns1123Subdomain } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { validateIngressSpec } from './ingress-spec.ts'

const classAnnotation = 'kubernetes.io/ingress.class'
const shownHosts = 3

export const ingress = defineResource<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  namespaced: true,
  shortNames: ['ing'],
  countsGeneration: true,
  subresources: [statusSubresource<Ingress>({ validate: validateStatus })],
  columns: [
    nameColumn,
    { name: 'Class', type: 'string', cell: ({ spec }) => spec.ingressClassName ?? '<none>' },
    { name: 'Hosts', type: 'string', cell: hostsCell },
    { name: 'Address', type: 'string', cell: addressCell },
    { name: 'Ports', type: 'string', cell: ({ spec }) => ((spec.tls ?? []).length > 0 ? '80, 443' : '80') },
    ageColumn,
  ],
  prepareForCreate(object) {
    object.status = { loadBalancer: {} }
  },
  prepare: keepStatus,
  validate(object) {
    const errors = validateIngressSpec(object.spec)
    const annotation = object.metadata.annotations?.[classAnnotation]
    const className = object.spec.ingressClassName
    if (annotation !== undefined && className !== undefined && annotation !== className) {
      errors.push(invalidValue(`annotations.${classAnnotation}`, annotation, 'must match `ingressClassName` when both are specified'))
    }
    return errors
  },
  validateUpdate: ({ spec }) => validateIngressSpec(spec),
  validatesMetadata: ['change', 'whole'],
  warnings({ metadata, spec }, old) {
    if (old !== undefined || metadata.annotations?.[classAnnotation] === undefined || spec.ingressClassName !== undefined) return []
    return [`annotation ${writeJson(classAnnotation)} is deprecated, please use 'spec.ingressClassName' instead`]
  },
})

function hostsCell({ spec }: Ingress): string {
  const rules = spec.rules ?? []
  const hosts: string[] = []
  let more = false
  for (const { host = '' } of rules) {
    if (hosts.length === shownHosts) more = true
    if (!more && host !== '') hosts.push(host)
  }
  if (hosts.length === 0) return '*'
  return more ? `${hosts.join(',')} + ${rules.length - shownHosts} more...` : hosts.join(',')
}

function addressCell({ status }: Ingress): string {
  const addresses = new Set<string>()
  for (const { ip = '', hostname = '' } of status?.loadBalancer?.ingress ?? []) {
    if (ip !== '') addresses.add(ip)
    else if (hostname !== '') addresses.add(hostname)
  }
  return [...addresses].sort().join(',')
}

function validateStatus({ status }: Ingress): FieldError[] {
  const errors: FieldError[] = []
  status?.loadBalancer?.ingress?.forEach(({ ip = '', hostname = '' }, index) => {
    const field = `status.loadBalancer.ingress[${index}]`
    if (ip !== '') validateIp(ip, `${field}.ip`, errors)
    if (hostname === '') return
    pushMessages(errors, `${field}.hostname`, hostname, dns1123Subdomain(hostname))
    if (parseIp(hostname) !== undefined) {
      errors.push(invalidValue(`${field}.hostname`, hostname, 'must be a DNS name, not an IP address'))
    }
  })
  return errors
}
