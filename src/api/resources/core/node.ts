// Node, v1.

import { isDualStack, parseCidr, validateCidr } from '../../addresses/ip-address.ts'
import { cidrWarnings } from '../../addresses/ip-format.ts'
import { duplicate, type FieldError, forbiddenField, internalFieldError, invalidValue } from '../../field-error.ts'
import type { Node } from '../../types/core-v1.ts'
import { duplicateShown, goString, goStruct } from '../../validation/go-syntax.ts'
import { validateTaints } from '../../validation/pod/pod-placement.ts'
import { roundAmounts } from '../../validation/quantities.ts'
import { repetition } from '../../validation/repetition.ts'
import { validateResourceQuantity } from '../../validation/resource-names.ts'
import { ageCell } from '../printing.ts'
import { type Column, defineResource } from '../resource.ts'
import { validateNodeAnnotations } from './node-annotations.ts'
import { keepSpec, keepStatus } from './status-path.ts'

const rolePrefix = 'node-role.kubernetes.io/'
const roleLabel = 'kubernetes.io/role'

export const node = defineResource<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
  validatesMetadata: ['whole', 'change'],
  shortNames: ['no'],
  subresources: [
    {
      name: 'proxy',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
      kind: { group: '', version: 'v1', kind: 'NodeProxyOptions' },
    },
    {
      name: 'status',
      verbs: ['get', 'patch', 'update'],
      prepare(object, old) {
        keepSpec(object, old)
        if (old.status?.config === undefined) delete object.status?.config
      },
      validate: validateNodeUpdate,
    },
  ],
  columns: nodeColumns(),
  setDefaults(object) {
    object.spec ??= {}
    const { spec, status } = object
    // The single CIDR and the list are two views of the same value.
    if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR]
    const first = spec.podCIDRs?.[0]
    if (first !== undefined) spec.podCIDR = first
    if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity }
    roundAmounts(status?.capacity)
    roundAmounts(status?.allocatable)
  },
  // Dynamic kubelet configuration: removed, except from nodes that still have it.
  prepareForCreate({ spec, status }) {
    delete spec?.configSource
    delete status?.config
  },
  validate: validateNode,
  prepare(object, old) {
    keepStatus(object, old)
    if (old.spec?.configSource === undefined) delete object.spec?.configSource
  },
  validateUpdate: (object, old) => [...validateNode(object), ...validateNodeUpdate(object, old)],
  warnings: nodeWarnings,
  fieldSelectors: { values: ({ spec }) => ({ 'spec.unschedulable': String(spec?.unschedulable ?? false) }) },
})

function nodeWarnings({ spec }: Node): string[] {
  const warnings: string[] = []
  if (spec?.externalID) warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes')
  spec?.podCIDRs?.forEach((range, index) => {
    warnings.push(...cidrWarnings(range, `spec.podCIDRs[${index}]`))
  })
  return warnings
}

function validateNode(object: Node): FieldError[] {
  const errors: FieldError[] = []
  validateNodeAnnotations(object.metadata.annotations, 'metadata.annotations', errors)
  // Upstream's path of taints.
  validateTaints(object.spec?.taints, 'metadata.taints', errors)
  validateAmounts(object, errors)
  const ranges = object.spec?.podCIDRs ?? []
  ranges.forEach((range, index) => {
    validateCidr(range, `spec.podCIDRs[${index}]`, errors)
  })
  if (ranges.length < 2) return errors
  const parsed = ranges.map(parseCidr)
  const unread = parsed.indexOf(undefined)
  if (unread >= 0) {
    const text = `invalid CIDR[${unread}]: <nil> (invalid CIDR address: ${ranges[unread]})`
    errors.push(internalFieldError('spec.podCIDRs', `invalid PodCIDRs. failed to check with dual stack with error:${text}`))
  }
  if (unread >= 0 || !isDualStack(parsed.map(range => range?.address)) || ranges.length > 2) {
    errors.push(invalidValue('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family'))
  }
  const isRepeated = repetition<string>()
  ranges.forEach((range, index) => {
    if (isRepeated(range)) errors.push(duplicate(`spec.podCIDRs[${index}]`, range))
  })
  return errors
}

function validateAmounts({ status }: Node, errors: FieldError[]): void {
  for (const list of ['capacity', 'allocatable'] as const) {
    const amounts = status?.[list]
    for (const name in amounts) validateResourceQuantity(name, amounts[name] ?? '0', `status.${list}.${name}`, errors)
  }
}

function validateNodeUpdate(object: Node, old: Node): FieldError[] {
  const errors: FieldError[] = []
  validateNodeAnnotations(object.metadata.annotations, 'metadata.annotations', errors)
  validateAmounts(object, errors)
  const seen = new Set<string>()
  object.status?.addresses?.forEach((address, index) => {
    const key = `${address.type} ${address.address}`
    const { type, address: text } = address
    const shown = goStruct('core.NodeAddress', { Type: goString(type), Address: goString(text) })
    if (seen.has(key)) errors.push(duplicateShown(`status.addresses[${index}]`, shown))
    seen.add(key)
  })
  const ranges = object.spec?.podCIDRs ?? []
  const before = old.spec?.podCIDRs ?? []
  // Upstream reports each difference.
  const changed = ranges.length === before.length ? before.filter((range, index) => range !== ranges[index]) : before.slice(0, 1)
  for (const _each of changed) errors.push(forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'))
  if (old.spec?.providerID && old.spec.providerID !== object.spec?.providerID) {
    errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  }
  validateTaints(object.spec?.taints, 'metadata.taints', errors)
  if ((object.spec?.externalID ?? '') !== (old.spec?.externalID ?? '')) errors.push(forbiddenField('spec.externalID', 'may not be updated'))
  return errors
}

function statusCell({ spec, status }: Node): string {
  const ready = status?.conditions?.findLast(({ type }) => type === 'Ready')
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec?.unschedulable === true ? `${word},SchedulingDisabled` : word
}

function rolesCell({ metadata }: Node): string {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key !== rolePrefix) roles.add(key.slice(rolePrefix.length))
    else if (key === roleLabel && value !== '') roles.add(value)
  }
  return [...roles].sort().join(',') || '<none>'
}

function addressCell(type: string): (object: Node) => string {
  return ({ status }) => status?.addresses?.find(address => address.type === type)?.address ?? '<none>'
}

function nodeColumns(): readonly Column<Node>[] {
  return [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Status', type: 'string', cell: statusCell },
    { name: 'Roles', type: 'string', cell: rolesCell },
    { name: 'Age', type: 'string', cell: ageCell },
    { name: 'Version', type: 'string', cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '' },
    { name: 'Internal-IP', type: 'string', priority: 1, cell: addressCell('InternalIP') },
    { name: 'External-IP', type: 'string', priority: 1, cell: addressCell('ExternalIP') },
    { name: 'OS-Image', type: 'string', priority: 1, cell: ({ status }) => status?.nodeInfo?.osImage || '<unknown>' },
    { name: 'Kernel-Version', type: 'string', priority: 1, cell: ({ status }) => status?.nodeInfo?.kernelVersion || '<unknown>' },
    {
      name: 'Container-Runtime',
      type: 'string',
      priority: 1,
      cell: ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
    },
  ]
}
