// Endpoints, v1.

import { validateIp, validateNonSpecialIp } from '../../addresses/ip-address.ts'
import { ipWarnings } from '../../addresses/ip-format.ts'
import { type FieldError, required } from '../../field-error.ts'
import type { EndpointAddress, EndpointPort, Endpoints } from '../../types/core-v1.ts'
import { dns1123Label, nameIsDnsSubdomain, portNumber, qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { protocols, validateRequiredChoice } from '../../validation/pod/containers.ts'
import { ageCell } from '../printing.ts'
import { defineResource } from '../resource.ts'

const shownAddresses = 3
const managedBy = 'endpoints.kubernetes.io/managed-by'

export const endpoints = defineResource<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  namespaced: true,
  shortNames: ['ep'],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Endpoints', type: 'string', cell: addressesCell },
    { name: 'Age', type: 'string', cell: ageCell },
  ],
  setDefaults({ subsets }) {
    for (const subset of subsets ?? []) for (const port of subset.ports ?? []) if (!port.protocol) port.protocol = 'TCP'
  },
  validate: validateEndpoints,
  validatesMetadata: ['change', 'whole'],
  warnings: endpointsWarnings,
  serving: { deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice' },
  allowCreateOnUpdate: true,
})

function endpointsWarnings({ metadata, subsets }: Endpoints): string[] {
  const warnings: string[] = []
  // The controller writes addresses in canonical form.
  if (metadata.labels?.[managedBy] === 'endpoint-controller') return warnings
  subsets?.forEach((subset, index) => {
    for (const list of ['addresses', 'notReadyAddresses'] as const) {
      subset[list]?.forEach(({ ip }, at) => {
        warnings.push(...ipWarnings(ip, `subsets[${index}].${list}[${at}].ip`))
      })
    }
  })
  return warnings
}

function validateEndpoints({ subsets }: Endpoints): FieldError[] {
  const errors: FieldError[] = []
  subsets?.forEach((subset, index) => {
    const at = `subsets[${index}]`
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset
    if (addresses.length === 0 && notReadyAddresses.length === 0) {
      errors.push(required(at, 'must specify `addresses` or `notReadyAddresses`'))
    }
    addresses.forEach((address, addressIndex) => {
      validateAddress(address, `${at}.addresses[${addressIndex}]`, errors)
    })
    notReadyAddresses.forEach((address, addressIndex) => {
      validateAddress(address, `${at}.notReadyAddresses[${addressIndex}]`, errors)
    })
    ports.forEach((port, portIndex) => {
      validateEndpointPort(port, ports.length > 1, `${at}.ports[${portIndex}]`, errors)
    })
  })
  return errors
}

function validateAddress(address: EndpointAddress, path: string, errors: FieldError[]): void {
  validateIp(address.ip ?? '', `${path}.ip`, errors)
  if (address.hostname) pushMessages(errors, `${path}.hostname`, address.hostname, dns1123Label(address.hostname))
  if (address.nodeName !== undefined) {
    pushMessages(errors, `${path}.nodeName`, address.nodeName, nameIsDnsSubdomain(address.nodeName, false))
  }
  validateNonSpecialIp(address.ip ?? '', `${path}.ip`, errors)
}

function validateEndpointPort(port: EndpointPort, needsName: boolean, path: string, errors: FieldError[]): void {
  if (port.name) pushMessages(errors, `${path}.name`, port.name, dns1123Label(port.name))
  else if (needsName) errors.push(required(`${path}.name`))
  pushMessages(errors, `${path}.port`, port.port ?? 0, portNumber(port.port ?? 0))
  validateRequiredChoice(port.protocol, protocols, `${path}.protocol`, errors)
  if (port.appProtocol !== undefined) pushMessages(errors, `${path}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol))
}

function addressesCell({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return '<none>'
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap(({ port }) => addresses.map(({ ip }) => joinHostPort(ip, port))),
  )
  const shown = all.slice(0, shownAddresses).join(',')
  return all.length > shownAddresses ? `${shown} + ${all.length - shownAddresses} more...` : shown
}

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
