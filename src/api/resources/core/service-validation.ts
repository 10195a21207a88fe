// Validation of Services: ports, types, addresses, traffic policies, and their changes.

import { writeJson } from '../../../base/write-json.ts'
import { parseIp, validateCidr, validateIp, validateNonSpecialIp } from '../../addresses/ip-address.ts'
import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type { LoadBalancerStatus, Service, ServicePort } from '../../types/core-v1.ts'
import { duplicateShown } from '../../validation/go-syntax.ts'
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '../../validation/names.ts'
import { pushMessages, validateLabels } from '../../validation/object-meta.ts'
import { protocols, validateRequiredChoice } from '../../validation/pod/containers.ts'
import { validatePort } from '../../validation/pod/probes.ts'
import { validateChoice } from '../../validation/pod/security-context.ts'
import { validateAddressChanges, validateClusterIps } from './service-addresses.ts'
import { isExternallyAccessible, isHeadless, needsHealthCheck, topologyHints, topologyMode } from './service-fields.ts'

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const maxAffinitySeconds = 86400
const sourceRanges = 'service.beta.kubernetes.io/load-balancer-source-ranges'
const onlyBalancers = "may only be used when `type` is 'LoadBalancer'"

export function validateService(service: Service): FieldError[] {
  const errors: FieldError[] = []
  const { spec } = service
  const ports = spec.ports ?? []
  validateTopologyAnnotations(service, errors)
  if (ports.length === 0 && !isHeadless(service) && spec.type !== 'ExternalName') errors.push(required('spec.ports'))
  validateType(service, errors)
  const names = new Set<string>()
  ports.forEach((port, index) => {
    validateServicePort(port, ports.length > 1, names, `spec.ports[${index}]`, errors)
  })
  validateLabels(spec.selector, 'spec.selector', errors)
  validateSessionAffinity(service, errors)
  validateClusterIps(service, errors)
  spec.externalIPs?.forEach((ip, index) => {
    if (validateIp(ip, `spec.externalIPs[${index}]`, errors)) validateNonSpecialIp(ip, `spec.externalIPs[${index}]`, errors)
  })
  validateRequiredChoice(spec.type, types, 'spec.type', errors)
  validatePortsAreDistinct(service, errors)
  validateSourceRanges(service, errors)
  validateLoadBalancerFields(service, errors)
  validateTrafficPolicies(service, errors)
  return errors
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors: FieldError[] = []
  validateAddressChanges(service, old, errors)
  const { loadBalancerClass } = service.spec
  if (old.spec.type === 'LoadBalancer' && service.spec.type === 'LoadBalancer' && loadBalancerClass !== old.spec.loadBalancerClass) {
    errors.push(invalidValue('spec.loadBalancerClass', loadBalancerClass, 'may not change once set'))
  }
  // Upstream validates the class once for the change and once for the new object.
  validateLoadBalancerClass(service, errors)
  if (needsHealthCheck(old) && needsHealthCheck(service) && service.spec.healthCheckNodePort !== old.spec.healthCheckNodePort) {
    errors.push(forbiddenField('spec.healthCheckNodePort', 'field is immutable'))
  }
  return [...errors, ...validateService(service)]
}

function validateTopologyAnnotations({ metadata }: Service, errors: FieldError[]): void {
  const hints = metadata.annotations?.[topologyHints]
  const mode = metadata.annotations?.[topologyMode]
  if (hints === undefined || mode === undefined || hints === mode) return
  const text = `must match annotations[${topologyHints}] when both are specified`
  errors.push(invalidValue(`metadata.annotations[${topologyMode}]`, mode, text))
}

function validateType(service: Service, errors: FieldError[]): void {
  const { spec } = service
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') {
    if (isHeadless(service)) errors.push(invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`))
    return
  }
  if (spec.type !== 'ExternalName') return
  const text = 'may not be set for ExternalName services'
  if ((spec.clusterIPs?.length ?? 0) > 0) errors.push(forbiddenField('spec.clusterIPs', text))
  if ((spec.ipFamilies?.length ?? 0) > 0) errors.push(forbiddenField('spec.ipFamilies', text))
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbiddenField('spec.ipFamilyPolicy', text))
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') errors.push(required('spec.externalName'))
  else pushMessages(errors, 'spec.externalName', name, dns1123Subdomain(name))
}

function validateServicePort(port: ServicePort, needsName: boolean, names: Set<string>, path: string, errors: FieldError[]): void {
  if (port.name) {
    pushMessages(errors, `${path}.name`, port.name, dns1123Label(port.name))
    if (names.has(port.name)) errors.push(duplicate(`${path}.name`, port.name))
    names.add(port.name)
  } else if (needsName) errors.push(required(`${path}.name`))
  pushMessages(errors, `${path}.port`, port.port ?? 0, portNumber(port.port ?? 0))
  validateRequiredChoice(port.protocol, protocols, `${path}.protocol`, errors)
  validatePort(port.targetPort, `${path}.targetPort`, errors)
  if (port.appProtocol !== undefined) pushMessages(errors, `${path}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol))
}

function validateSessionAffinity({ spec }: Service, errors: FieldError[]): void {
  validateRequiredChoice(spec.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity', errors)
  const config = spec.sessionAffinityConfig
  const path = 'spec.sessionAffinityConfig'
  if (spec.sessionAffinity === 'None') {
    if (config !== undefined) errors.push(forbiddenField(path, 'must not be set when session affinity is None'))
  } else if (spec.sessionAffinity === 'ClientIP') {
    const text = 'when session affinity type is ClientIP'
    const seconds = config?.clientIP?.timeoutSeconds
    if (config === undefined) errors.push(required(path, text))
    else if (config.clientIP === undefined) errors.push(required(`${path}.clientIP`, text))
    else if (seconds === undefined) errors.push(required(`${path}.clientIP.timeoutSeconds`, text))
    else if (seconds <= 0 || seconds > maxAffinitySeconds) {
      errors.push(invalidValue(`${path}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${maxAffinitySeconds}`))
    }
  }
}

function validatePortsAreDistinct({ spec }: Service, errors: FieldError[]): void {
  const ports = spec.ports ?? []
  if (spec.type === 'ClusterIP') {
    ports.forEach((port, index) => {
      if (port.nodePort) errors.push(forbiddenField(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"))
    })
  }
  const nodePorts = new Set<string>()
  ports.forEach((port, index) => {
    if (!port.nodePort) return
    const key = `${port.protocol}/${port.nodePort}`
    if (nodePorts.has(key)) errors.push(duplicate(`spec.ports[${index}].nodePort`, port.nodePort))
    nodePorts.add(key)
  })
  const own = new Set<string>()
  ports.forEach((port, index) => {
    const key = `${port.protocol}/${port.port}`
    if (own.has(key)) errors.push(duplicateShown(`spec.ports[${index}]`, goPortKey(port)))
    own.add(key)
  })
}

/** Upstream compares structures with only protocol and port, and prints them. */
function goPortKey({ protocol, port }: ServicePort): string {
  const target = 'intstr.IntOrString{Type:0, IntVal:0, StrVal:""}'
  return `core.ServicePort{Name:"", Protocol:${writeJson(protocol)}, AppProtocol:(*string)(nil), Port:${port}, TargetPort:${target}, NodePort:0}`
}

function validateSourceRanges({ metadata, spec }: Service, errors: FieldError[]): void {
  const ranges = spec.loadBalancerSourceRanges ?? []
  const annotation = metadata.annotations?.[sourceRanges]
  if (ranges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges'
    if (spec.type !== 'LoadBalancer') errors.push(forbiddenField(path, onlyBalancers))
    ranges.forEach((range, index) => {
      validateCidr(range.trim(), `${path}[${index}]`, errors)
    })
  } else if (annotation !== undefined) {
    const path = `metadata.annotations[${sourceRanges}]`
    if (spec.type !== 'LoadBalancer') errors.push(forbiddenField(path, onlyBalancers))
    if (annotation.trim() !== '') for (const range of annotation.split(',')) validateCidr(range.trim(), path, errors)
  }
}

function validateLoadBalancerFields(service: Service, errors: FieldError[]): void {
  const { spec } = service
  const balancer = spec.type === 'LoadBalancer'
  if (!balancer && spec.allocateLoadBalancerNodePorts !== undefined) {
    errors.push(forbiddenField('spec.allocateLoadBalancerNodePorts', onlyBalancers))
  }
  if (balancer && spec.allocateLoadBalancerNodePorts === undefined) errors.push(required('allocateLoadBalancerNodePorts'))
  validateLoadBalancerClass(service, errors)
}

function validateLoadBalancerClass({ spec }: Service, errors: FieldError[]): void {
  if (spec.loadBalancerClass === undefined) return
  if (spec.type === 'LoadBalancer')
    pushMessages(errors, 'spec.loadBalancerClass', spec.loadBalancerClass, qualifiedName(spec.loadBalancerClass))
  else errors.push(forbiddenField('spec.loadBalancerClass', onlyBalancers))
}

function validateTrafficPolicies(service: Service, errors: FieldError[]): void {
  const { spec } = service
  if (isExternallyAccessible(service)) {
    validateRequiredChoice(spec.externalTrafficPolicy, ['Cluster', 'Local'], 'spec.externalTrafficPolicy', errors)
  } else if (spec.externalTrafficPolicy) {
    errors.push(
      invalidValue('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services'),
    )
  }
  const check = spec.healthCheckNodePort ?? 0
  if (!needsHealthCheck(service)) {
    if (check !== 0) {
      const text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
      errors.push(invalidValue('spec.healthCheckNodePort', check, text))
    }
  } else if (check === 0) errors.push(required('spec.healthCheckNodePort'))
  else pushMessages(errors, 'spec.healthCheckNodePort', check, portNumber(check))
  if (spec.internalTrafficPolicy === undefined) {
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP') {
      errors.push(required('spec.internalTrafficPolicy'))
    }
  } else validateChoice(spec.internalTrafficPolicy, ['Cluster', 'Local'], 'spec.internalTrafficPolicy', errors)
  validateChoice(spec.trafficDistribution, ['PreferClose'], 'spec.trafficDistribution', errors)
}

export function validateServiceStatus(service: Service): FieldError[] {
  const errors: FieldError[] = []
  validateLoadBalancerStatus(service.status?.loadBalancer, service.spec.type === 'LoadBalancer', 'status.loadBalancer', errors)
  return errors
}

function validateLoadBalancerStatus(status: LoadBalancerStatus | undefined, balancer: boolean, path: string, errors: FieldError[]): void {
  const ingress = status?.ingress ?? []
  if (!balancer && ingress.length > 0) {
    errors.push(forbiddenField(`${path}.ingress`, "may only be used when `spec.type` is 'LoadBalancer'"))
    return
  }
  ingress.forEach((entry, index) => {
    const at = `${path}.ingress[${index}]`
    if (entry.ip) validateIp(entry.ip, `${at}.ip`, errors)
    if (entry.ipMode === undefined) {
      if (entry.ip) errors.push(required(`${at}.ipMode`, 'must be specified when `ip` is set'))
    } else if (!entry.ip) errors.push(forbiddenField(`${at}.ipMode`, 'may not be specified when `ip` is not set'))
    else if (entry.ipMode !== 'VIP' && entry.ipMode !== 'Proxy') errors.push(notSupported(`${at}.ipMode`, entry.ipMode, ['Proxy', 'VIP']))
    if (!entry.hostname) return
    pushMessages(errors, `${at}.hostname`, entry.hostname, dns1123Subdomain(entry.hostname))
    if (parseIp(entry.hostname) !== undefined) {
      errors.push(invalidValue(`${at}.hostname`, entry.hostname, 'must be a DNS name, not an IP address'))
    }
  })
}
