// discovery.k8s.io/v1 EndpointSlice.

import { parseIp, validateNonSpecialIp } from '../../addresses/ip-address.ts'
import { ipWarnings } from '../../addresses/ip-format.ts'
import { duplicate, type FieldError, invalidValue, notSupported, required, tooMany } from '../../field-error.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../types/discovery-v1.ts'
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../../validation/names.ts'
import { immutable, pushMessages, validateLabels } from '../../validation/object-meta.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

const addressTypes = ['FQDN', 'IPv4', 'IPv6']
const protocols = ['SCTP', 'TCP', 'UDP']
const limits = { endpoints: 1000, addresses: 100, ports: 20_000, topologyLabels: 16, zoneHints: 8 }
const shown = 3
const hostnameLabel = 'kubernetes.io/hostname'
const managerLabel = 'endpointslice.kubernetes.io/managed-by'
const ownControllers = new Set<string | undefined>(['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'])

export const endpointSlice = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
  countsGeneration: {
    parts: ({ addressType, endpoints, ports, metadata }) => [addressType, endpoints ?? [], ports ?? [], metadata.labels ?? {}],
  },
  // Its labels name the owner of the endpoints, so they are part of the desired state.
  columns: [
    nameColumn,
    { name: 'AddressType', type: 'string', cell: ({ addressType }) => addressType },
    { name: 'Ports', type: 'string', cell: ({ ports }) => firstOf((ports ?? []).map(portCell)) },
    { name: 'Endpoints', type: 'string', cell: ({ endpoints }) => firstOf((endpoints ?? []).flatMap(e => e.addresses ?? [])) },
    ageColumn,
  ],
  setDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },
  prepareForCreate(object) {
    dropUnservedFields(object, undefined)
  },
  prepare(object, old) {
    // Upstream counts a change in the sent object, before it drops unsupported fields.
    if (!semanticallyEqual(object.endpoints, old.endpoints)) object.metadata.generation = (old.metadata.generation ?? 0) + 1
    dropUnservedFields(object, old)
  },
  validate,
  validatesMetadata: ['whole'],
  validateUpdate(object, old) {
    const errors = validate(object)
    immutable(errors, 'addressType', object.addressType, old.addressType)
    return errors
  },
  warnings(object, old) {
    const deprecated = old === undefined && object.addressType === 'FQDN'
    return [...(deprecated ? ['spec.addressType: FQDN endpoints are deprecated'] : []), ...addressWarnings(object)]
  },
})

/** v1 accepts topology only on unchanged endpoints; hints of nodes are alpha in 1.33 and dropped unless in use. */
function dropUnservedFields(object: EndpointSlice, old: EndpointSlice | undefined): void {
  const endpoints = object.endpoints ?? []
  const before = old?.endpoints ?? []
  const hintsInUse = before.some(({ hints }) => hints?.forNodes !== undefined)
  if (!hintsInUse) for (const { hints } of endpoints) delete hints?.forNodes
  if (old !== undefined && semanticallyEqual(endpoints, before)) return
  const known = new Set(before.map(({ deprecatedTopology }) => deprecatedTopology?.[hostnameLabel]))
  for (const endpoint of endpoints) {
    const node = endpoint.deprecatedTopology?.[hostnameLabel] ?? ''
    // A partial update by an older client keeps the node that the topology named.
    if (endpoint.nodeName === undefined && node !== '' && known.has(node) && dns1123Subdomain(node).length === 0) endpoint.nodeName = node
    delete endpoint.deprecatedTopology
  }
}

/** Not for slices of the cluster's own controllers, which write canonical forms. */
function addressWarnings({ metadata, endpoints }: EndpointSlice): string[] {
  if (ownControllers.has(metadata.labels?.[managerLabel])) return []
  return (endpoints ?? []).flatMap(({ addresses }, index) =>
    (addresses ?? []).flatMap((address, at) => ipWarnings(address, `endpoints[${index}].addresses[${at}]`)),
  )
}

const portCell = ({ port, name }: EndpointPort): string => (port === undefined ? (name ?? '*') : String(port))

function firstOf(items: readonly string[]): string {
  const text = items.slice(0, shown).join(',')
  if (items.length > shown) return `${text} + ${items.length - shown} more...`
  return text === '' ? '<unset>' : text
}

function validate({ addressType, endpoints, ports }: EndpointSlice): FieldError[] {
  const errors: FieldError[] = []
  if (addressType === '') errors.push(required('addressType'))
  else if (!addressTypes.includes(addressType)) errors.push(notSupported('addressType', addressType, addressTypes))
  if (ports !== null && ports.length > limits.ports) {
    errors.push(tooMany('ports', ports.length, limits.ports))
  } else {
    const names = new Set<string>()
    ports?.forEach((port, index) => {
      validatePort(port, names, index, errors)
    })
  }
  if (endpoints !== null && endpoints.length > limits.endpoints) {
    errors.push(tooMany('endpoints', endpoints.length, limits.endpoints))
    return errors
  }
  endpoints?.forEach((endpoint, index) => {
    validateEndpoint(endpoint, addressType, index, errors)
  })
  return errors
}

function validateEndpoint(endpoint: Endpoint, addressType: string, index: number, errors: FieldError[]): void {
  const field = (name: string): string => `endpoints[${index}].${name}`
  const addresses = endpoint.addresses ?? []
  if (addresses.length === 0) errors.push(required(field('addresses'), 'must contain at least 1 address'))
  else if (addresses.length > limits.addresses) errors.push(tooMany(field('addresses'), addresses.length, limits.addresses))
  addresses.forEach((address, at) => {
    validateAddress(address, addressType, `endpoints[${index}].addresses[${at}]`, errors)
  })
  const { deprecatedTopology, hostname, nodeName, hints } = endpoint
  if (nodeName !== undefined) pushMessages(errors, field('nodeName'), nodeName, dns1123Subdomain(nodeName))
  const topologyLabels = Object.keys(deprecatedTopology ?? {}).length
  if (topologyLabels > limits.topologyLabels) {
    errors.push(tooMany(field('deprecatedTopology'), topologyLabels, limits.topologyLabels))
  }
  validateLabels(deprecatedTopology, field('deprecatedTopology'), errors)
  if (hostname !== undefined) pushMessages(errors, field('hostname'), hostname, dns1123Label(hostname))
  const zones = hints?.forZones ?? []
  if (zones.length > limits.zoneHints) {
    errors.push(tooMany(field('hints.forZones'), zones.length, limits.zoneHints))
    return
  }
  const seen = new Set<string>()
  zones.forEach(({ name }, at) => {
    const path = `${field('hints.forZones')}[${at}].name`
    if (seen.has(name)) errors.push(duplicate(path, name))
    pushMessages(errors, path, name, labelValue(name))
    seen.add(name)
  })
}

function validateAddress(address: string, addressType: string, field: string, errors: FieldError[]): void {
  if (addressType === 'FQDN') {
    validateFqdn(address, field, errors)
    return
  }
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return
  if (parseIp(address)?.length !== (addressType === 'IPv4' ? 4 : 16)) {
    errors.push(invalidValue(field, address, `must be a valid ${addressType} address`))
  }
  validateNonSpecialIp(address, field, errors)
}

/** A domain of at least two labels, by upstream's IsFullyQualifiedDomainName; a trailing dot is allowed. */
function validateFqdn(name: string, field: string, errors: FieldError[]): void {
  if (name === '') {
    errors.push(required(field))
    return
  }
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  const messages = dns1123Subdomain(bare)
  pushMessages(errors, field, bare, messages)
  if (messages.length > 0) return
  const labels = bare.split('.')
  if (labels.length < 2) {
    errors.push(invalidValue(field, bare, 'should be a domain with at least two segments separated by dots'))
    return
  }
  for (const label of labels) pushMessages(errors, field, label, dns1123Label(label))
}

function validatePort({ name, protocol, appProtocol }: EndpointPort, names: Set<string>, index: number, errors: FieldError[]): void {
  const text = name ?? ''
  if (text !== '') pushMessages(errors, `ports[${index}].name`, text, dns1123Label(text))
  if (names.has(text)) errors.push(duplicate(`ports[${index}].name`, text))
  names.add(text)
  if (protocol === undefined) errors.push(required(`ports[${index}].protocol`))
  else if (!protocols.includes(protocol)) errors.push(notSupported(`ports[${index}].protocol`, protocol, protocols))
  if (appProtocol !== undefined) pushMessages(errors, `ports[${index}].appProtocol`, appProtocol, qualifiedName(appProtocol))
}
