// Service, v1. The server allocates cluster IPs, node ports and IP families before validation.

import { cidrWarnings, ipWarnings } from '../../addresses/ip-format.ts'
import type { Service } from '../../types/core-v1.ts'
import { nameIsDns1035Label } from '../../validation/names.ts'
import { ageCell, formatLabels } from '../printing.ts'
import { type Column, defineResource } from '../resource.ts'
import {
  dropFieldsOfOldType,
  isExternallyAccessible,
  isHeadless,
  normalizeClusterIps,
  topologyHints,
  topologyMode,
} from './service-fields.ts'
import { validateService, validateServiceStatus, validateServiceUpdate } from './service-validation.ts'
import { keepSpec, keepStatus } from './status-path.ts'

const affinitySeconds = 10800

export const service = defineResource<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
  deletion: { returnsObject: true },
  shortNames: ['svc'],
  categories: ['all'],
  subresources: [
    {
      name: 'proxy',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
      kind: { group: '', version: 'v1', kind: 'ServiceProxyOptions' },
    },
    {
      name: 'status',
      verbs: ['get', 'patch', 'update'],
      prepare: keepSpec,
      validate: validateServiceStatus,
      warnings: serviceStatusWarnings,
    },
  ],
  columns: serviceColumns(),
  nameRule: nameIsDns1035Label,
  setDefaults: setServiceDefaults,
  prepareForCreate(object) {
    object.status = { loadBalancer: {} }
    normalizeClusterIps(object)
  },
  validate: validateService,
  prepare(object, old) {
    keepStatus(object, old)
    normalizeClusterIps(object, old)
    dropFieldsOfOldType(object, old)
  },
  validateUpdate: validateServiceUpdate,
  validatesMetadata: ['change', 'whole'],
  fieldSelectors: { values: ({ spec }) => ({ 'spec.clusterIP': spec.clusterIP ?? '', 'spec.type': spec.type ?? '' }) },
  allowCreateOnUpdate: true,
  warnings: serviceWarnings,
})

/** Fields that are set but have no effect. */
function serviceWarnings(object: Service): string[] {
  const { metadata, spec } = object
  const warnings: string[] = []
  if (metadata.annotations?.[topologyHints] !== undefined) {
    warnings.push(`annotation ${topologyHints} is deprecated, please use ${topologyMode} instead`)
  }
  if (!isHeadless(object)) warnOfIps(spec.clusterIPs, 'spec.clusterIPs', warnings)
  else if (spec.type === 'ClusterIP') {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
    if ((spec.externalIPs?.length ?? 0) > 0) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  warnOfIps(spec.externalIPs, 'spec.externalIPs', warnings)
  if (spec.loadBalancerIP) warnings.push(...ipWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP'))
  spec.loadBalancerSourceRanges?.forEach((range, index) => {
    // Upstream does not warn if there are spaces around it.
    warnings.push(...cidrWarnings(range, `spec.loadBalancerSourceRanges[${index}]`))
  })
  if (spec.type === 'ExternalName') {
    if ((spec.externalIPs?.length ?? 0) > 0) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  } else if (spec.externalName) warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  return warnings
}

/** Upstream names the ingress point, not its address. */
function serviceStatusWarnings({ status }: Service): string[] {
  const warnings: string[] = []
  warnOfIps(
    status?.loadBalancer?.ingress?.map(({ ip }) => ip ?? ''),
    'status.loadBalancer.ingress',
    warnings,
  )
  return warnings
}

function warnOfIps(addresses: readonly string[] | undefined, path: string, warnings: string[]): void {
  addresses?.forEach((address, index) => {
    warnings.push(...ipWarnings(address, `${path}[${index}]`))
  })
}

function setServiceDefaults(object: Service): void {
  object.spec ??= {}
  object.status ??= {}
  object.status.loadBalancer ??= {}
  const { spec } = object
  if (!spec.sessionAffinity) spec.sessionAffinity = 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: affinitySeconds } }
  }
  if (!spec.type) spec.type = 'ClusterIP'
  for (const port of spec.ports ?? []) {
    if (!port.protocol) port.protocol = 'TCP'
    if (!port.targetPort) port.targetPort = port.port ?? 0
  }
  if (isExternallyAccessible(object) && !spec.externalTrafficPolicy) spec.externalTrafficPolicy = 'Cluster'
  const inCluster = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP'
  if (inCluster) spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type !== 'LoadBalancer') return
  spec.allocateLoadBalancerNodePorts ??= true
  for (const ingress of object.status.loadBalancer.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
}

function externalIpCell({ spec, status }: Service): string {
  const own = (spec.externalIPs ?? []).join(',')
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return own || '<none>'
    case 'LoadBalancer': {
      const given = new Set(
        (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter(text => text !== ''),
      )
      return [...[...given].sort(), ...(spec.externalIPs ?? [])].join(',') || '<pending>'
    }
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

function portsCell({ spec }: Service): string {
  const texts = (spec.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`)
  return texts.join(',') || '<none>'
}

function serviceColumns(): readonly Column<Service>[] {
  return [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Type', type: 'string', cell: ({ spec }) => spec.type ?? '' },
    { name: 'Cluster-IP', type: 'string', cell: ({ spec }) => spec.clusterIPs?.[0] || spec.clusterIP || '<none>' },
    { name: 'External-IP', type: 'string', cell: externalIpCell },
    { name: 'Port(s)', type: 'string', cell: portsCell },
    { name: 'Age', type: 'string', cell: ageCell },
    { name: 'Selector', type: 'string', priority: 1, cell: ({ spec }) => formatLabels(spec.selector) },
  ]
}
