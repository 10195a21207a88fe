// networking.k8s.io/v1 NetworkPolicy.

import { type Cidr, parseCidr, validateCidr } from '../../addresses/ip-address.ts'
import { cidrWarnings } from '../../addresses/ip-format.ts'
import { type FieldError, forbiddenField, invalidValue, notSupported, reportedTwice, required } from '../../field-error.ts'
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../types/networking-v1.ts'
import { goStrings, invalidShown } from '../../validation/go-syntax.ts'
import { validateLabelSelector } from '../../validation/label-selector.ts'
import { portName, portNumber } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { labelSelectorCell } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

const protocols = ['TCP', 'UDP', 'SCTP']
const policyTypes = ['Ingress', 'Egress']

export const networkPolicy = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
  shortNames: ['netpol'],
  countsGeneration: true,
  columns: [nameColumn, { name: 'Pod-Selector', type: 'string', cell: ({ spec }) => labelSelectorCell(spec.podSelector) }, ageColumn],
  setDefaults,
  validate,
  // Upstream validates the new object twice, and reports each error twice.
  validateUpdate: policy => reportedTwice(validate(policy)),
  validatesMetadata: ['whole', 'change'],
  warnings: ({ spec }) => [
    ...(spec.ingress ?? []).flatMap(({ from = [] }, index) => peerWarnings(from, `spec.ingress[${index}].from`)),
    ...(spec.egress ?? []).flatMap(({ to = [] }, index) => peerWarnings(to, `spec.egress[${index}].to`)),
  ],
})

function peerWarnings(peers: readonly NetworkPolicyPeer[], field: string): string[] {
  return peers.flatMap(({ ipBlock }, index) => {
    if (ipBlock === undefined) return []
    const at = `${field}[${index}].ipBlock`
    return [
      ...cidrWarnings(ipBlock.cidr, `${at}.cidr`),
      ...(ipBlock.except ?? []).flatMap((cidr, position) => cidrWarnings(cidr, `${at}.except[${position}]`)),
    ]
  })
}

function setDefaults(policy: NetworkPolicy): void {
  policy.spec ??= { podSelector: {} }
  const { spec } = policy
  for (const rule of spec.ingress ?? []) for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
  for (const rule of spec.egress ?? []) for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
  if ((spec.policyTypes ?? []).length > 0) return
  // Ingress is always restricted, egress only with an egress rule, so that old policies keep their meaning.
  spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

function validate({ spec }: NetworkPolicy): FieldError[] {
  const errors: FieldError[] = []
  validateLabelSelector(spec.podSelector, 'spec.podSelector', errors)
  spec.ingress?.forEach((rule, index) => {
    validateRule(rule.ports, rule.from, `spec.ingress[${index}]`, 'from', errors)
  })
  spec.egress?.forEach((rule, index) => {
    validateRule(rule.ports, rule.to, `spec.egress[${index}]`, 'to', errors)
  })
  const types = spec.policyTypes ?? []
  if (types.length > policyTypes.length) {
    errors.push(invalidShown('spec.policyTypes', goStrings(types, 'networking.PolicyType'), 'may not specify more than two policyTypes'))
    return errors
  }
  types.forEach((type, index) => {
    if (!policyTypes.includes(type)) errors.push(notSupported(`spec.policyTypes[${index}]`, type, policyTypes))
  })
  return errors
}

function validateRule(
  ports: readonly NetworkPolicyPort[] | undefined,
  peers: readonly NetworkPolicyPeer[] | undefined,
  field: string,
  peersField: 'from' | 'to',
  errors: FieldError[],
): void {
  ports?.forEach((port, index) => {
    validatePort(port, `${field}.ports[${index}]`, errors)
  })
  peers?.forEach((peer, index) => {
    validatePeer(peer, `${field}.${peersField}[${index}]`, errors)
  })
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, field: string, errors: FieldError[]): void {
  if (protocol !== undefined && !protocols.includes(protocol)) errors.push(notSupported(`${field}.protocol`, protocol, protocols))
  if (port === undefined) {
    if (endPort !== undefined) {
      errors.push(invalidValue(`${field}.endPort`, endPort, 'may not be specified when `port` is not specified'))
    }
    return
  }
  if (typeof port === 'string') {
    if (endPort !== undefined) {
      errors.push(invalidValue(`${field}.endPort`, endPort, 'may not be specified when `port` is non-numeric'))
    }
    pushMessages(errors, `${field}.port`, port, portName(port))
    return
  }
  pushMessages(errors, `${field}.port`, port, portNumber(port))
  if (endPort === undefined) return
  // v1.33 shows the port that endPort is below.
  if (endPort < port) errors.push(invalidValue(`${field}.endPort`, port, 'must be greater than or equal to `port`'))
  pushMessages(errors, `${field}.endPort`, endPort, portNumber(endPort))
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, field: string, errors: FieldError[]): void {
  validateLabelSelector(podSelector, `${field}.podSelector`, errors)
  validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`, errors)
  if (ipBlock !== undefined) validateIpBlock(ipBlock, `${field}.ipBlock`, errors)
  if (podSelector === undefined && namespaceSelector === undefined && ipBlock === undefined) {
    errors.push(required(field, 'must specify a peer'))
  } else if (ipBlock !== undefined && (podSelector !== undefined || namespaceSelector !== undefined)) {
    errors.push(forbiddenField(field, 'may not specify both ipBlock and another peer'))
  }
}

function validateIpBlock({ cidr, except }: IPBlock, field: string, errors: FieldError[]): void {
  if (cidr === '') {
    errors.push(required(`${field}.cidr`))
    return
  }
  validateCidr(cidr, `${field}.cidr`, errors)
  const whole = parseCidr(cidr)
  if (whole === undefined) return
  except?.forEach((text, index) => {
    const path = `${field}.except[${index}]`
    validateCidr(text, path, errors)
    const part = parseCidr(text)
    if (part !== undefined && !isStrictSubset(part, whole)) {
      errors.push(invalidValue(path, text, 'must be a strict subset of `cidr`'))
    }
  })
}

function isStrictSubset(part: Cidr, whole: Cidr): boolean {
  if (part.address.length !== whole.address.length || part.prefixLength <= whole.prefixLength) return false
  return whole.address.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, whole.prefixLength - index * 8))
    return (byte ^ (part.address[index] ?? 0)) >> (8 - bits) === 0
  })
}
