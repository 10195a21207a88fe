import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../object.ts'
import { labelValue } from '../validation/names.ts'
import { apiService } from './apiregistration/api-service.ts'
import { validateNew, validateSubresource, validateUpdate } from './core/new-object.fixture.ts'
import { endpointSlice } from './discovery/endpoint-slice.ts'
import { flowSchema } from './flowcontrol/flow-schema.ts'
import { priorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts'
import { ingress } from './networking/ingress.ts'
import { ingressClass } from './networking/ingress-class.ts'
import { ipAddress } from './networking/ip-address.ts'
import { networkPolicy } from './networking/network-policy.ts'
import { serviceCidr } from './networking/service-cidr.ts'
import { runtimeClass } from './node/runtime-class.ts'
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts'
import type { ResourceDefinition } from './resource.ts'
import { priorityClass } from './scheduling/priority-class.ts'

const metadata = { name: 'x' }
const [labelText = ''] = labelValue('-')
const condition = { type: 'Odd', status: 'Maybe', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'R', message: '' }

/** One change of a valid object, through the main path or a subresource, with upstream's result. */
function validates<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  old: T,
  rows: readonly { readonly name: string; readonly path?: 'status'; change(object: T): void; readonly errors: readonly string[] }[],
): void {
  for (const { name, path, change, errors } of rows) {
    test(`${definition.kind} validates an update with ${name}`, () => {
      const before = validateNew(definition, old)
      assert.deepEqual(before.errors, [])
      const validated = path
        ? validateSubresource(definition, path, before.object, change)
        : validateUpdate(definition, before.object, change)
      assert.deepEqual(validated.errors, errors)
    })
  }
}

validates(priorityClass, { metadata, value: 1 }, [
  {
    name: 'another value and policy',
    change: object => Object.assign(object, { value: 2_000_000_000, preemptionPolicy: 'Never' }),
    errors: ['value: Forbidden: may not be changed in an update.', 'preemptionPolicy: Invalid value: "Never": field is immutable'],
  },
  { name: 'another description', change: object => Object.assign(object, { description: 'd', globalDefault: true }), errors: [] },
])

validates(runtimeClass, { metadata, handler: 'runc' }, [
  {
    name: 'another handler',
    change: object => Object.assign(object, { handler: 'kata' }),
    errors: ['handler: Invalid value: "kata": field is immutable'],
  },
  {
    name: 'a toleration twice',
    change: object => Object.assign(object, { scheduling: { tolerations: [{ operator: 'Exists' }, { operator: 'Exists' }] } }),
    errors: [
      'scheduling.tolerations[1]: Invalid value: core.Toleration{Key:"", Operator:"Exists", Value:"", Effect:"", TolerationSeconds:(*int64)(nil)}: duplicate toleration',
    ],
  },
  {
    name: 'a toleration twice, for another time',
    change: object =>
      Object.assign(object, {
        scheduling: { tolerations: [1, 2].map(tolerationSeconds => ({ operator: 'Exists', effect: 'NoExecute', tolerationSeconds })) },
      }),
    errors: [
      'scheduling.tolerations[1]: Invalid value: core.Toleration{Key:"", Operator:"Exists", Value:"", Effect:"NoExecute", TolerationSeconds:(*int64)(2)}: duplicate toleration',
    ],
  },
])

validates(ingressClass, { metadata, spec: { controller: 'a.io/c' } }, [
  {
    name: 'no controller any more',
    change: object => Object.assign(object, { spec: {} }),
    errors: ['spec.controller: Invalid value: "": field is immutable', 'spec.controller: Required value'],
  },
])

validates(podDisruptionBudget, { metadata, spec: { minAvailable: 1 } }, [
  { name: 'another limit', change: object => Object.assign(object, { spec: { maxUnavailable: 1 } }), errors: [] },
  {
    name: 'an odd condition',
    path: 'status',
    change: object => Object.assign(object, { status: { ...object.status, expectedPods: -1, conditions: [condition] } }),
    errors: [
      'status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
      'status.expectedPods: Invalid value: -1: must be greater than or equal to 0',
    ],
  },
])

validates(serviceCidr, { metadata, spec: { cidrs: ['10.0.0.0/8'] } }, [
  { name: 'a second range', change: object => Object.assign(object, { spec: { cidrs: ['10.0.0.0/8', '2001:db8::/64'] } }), errors: [] },
  {
    name: 'a second range of the same family',
    change: object => Object.assign(object, { spec: { cidrs: ['10.0.0.0/8', '11.0.0.0/8'] } }),
    errors: [
      'spec.cidrs: Invalid value: &networking.ServiceCIDRSpec{CIDRs:[]string{"10.0.0.0/8", "11.0.0.0/8"}}: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
  },
  {
    name: 'another range',
    change: object => Object.assign(object, { spec: { cidrs: ['11.0.0.0/8'] } }),
    errors: ['spec.cidrs[0]: Invalid value: "11.0.0.0/8": field is immutable'],
  },
  {
    name: 'no range',
    change: object => Object.assign(object, { spec: {} }),
    errors: ['spec.cidrs: Invalid value: []string(nil): field is immutable'],
  },
])

validates(ipAddress, { metadata: { name: '10.0.0.1' }, spec: { parentRef: { resource: 'services', namespace: 'n', name: 's' } } }, [
  {
    name: 'another parent',
    change: object => Object.assign(object, { spec: { parentRef: { resource: 'services', namespace: 'n', name: 't' } } }),
    errors: [
      'spec.parentRef: Invalid value: networking.ParentReference{Group:"", Resource:"services", Namespace:"n", Name:"t"}: field is immutable',
    ],
  },
])

validates(
  apiService,
  { metadata: { name: 'v1.a.io' }, spec: { group: 'a.io', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 } },
  [
    {
      name: 'another group',
      change: object => Object.assign(object.spec, { group: 'b.io' }),
      errors: ['metadata.name: Invalid value: "v1.a.io": must be `spec.version+"."+spec.group`: "v1.b.io"'],
    },
    {
      name: 'an odd condition',
      path: 'status',
      change: object => Object.assign(object, { status: { conditions: [condition] } }),
      errors: ['status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"'],
    },
  ],
)

validates(endpointSlice, { metadata, addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'] }], ports: null }, [
  {
    name: 'a hint of a zone twice, whose name is none',
    change({ endpoints }) {
      if (endpoints?.[0]) endpoints[0].hints = { forZones: [{ name: '-' }, { name: '-' }] }
    },
    errors: [
      `endpoints[0].hints.forZones[0].name: Invalid value: "-": ${labelText}`,
      'endpoints[0].hints.forZones[1].name: Duplicate value: "-"',
      `endpoints[0].hints.forZones[1].name: Invalid value: "-": ${labelText}`,
    ],
  },
  {
    name: 'another type of address',
    change: object => Object.assign(object, { addressType: 'FQDN', endpoints: [] }),
    errors: ['addressType: Invalid value: "FQDN": field is immutable'],
  },
])

const rule = { subjects: [{ kind: 'Group', group: { name: 'g' } }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }
validates(flowSchema, { metadata, spec: { matchingPrecedence: 5, priorityLevelConfiguration: { name: 'l' }, rules: [rule] } }, [
  {
    name: 'two subjects in one',
    change: object =>
      Object.assign(object.spec.rules?.[0]?.subjects?.[0] ?? {}, { user: { name: 'u' }, serviceAccount: { name: 's', namespace: 'n' } }),
    errors: [
      "spec.rules[0].subjects[0].serviceAccount: Forbidden: serviceAccount is forbidden when subject kind is not 'ServiceAccount'",
      "spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'",
    ],
  },
  {
    name: 'conditions without and with one type',
    path: 'status',
    change: object => Object.assign(object, { status: { conditions: [{}, { type: 'A' }, { type: 'A' }] } }),
    errors: ['status.conditions[0].type: Required value: must not be empty', 'status.conditions[2].type: Duplicate value: "A"'],
  },
])

test('flowSchema and priorityLevelConfiguration keep the mandatory objects unchanged', () => {
  const spec = { matchingPrecedence: 1, priorityLevelConfiguration: { name: 'exempt' }, rules: [rule] }
  assert.match(
    validateNew(flowSchema, { metadata: { name: 'exempt' }, spec }).errors[0] ?? '',
    /spec of 'exempt' must equal the fixed value$/,
  )
  const level = (name: string, nominalConcurrencyShares: number) => {
    const limited = { nominalConcurrencyShares, limitResponse: { type: 'Reject' } }
    return validateNew(priorityLevelConfiguration, { metadata: { name }, spec: { type: 'Limited', limited } }).errors
  }
  assert.deepEqual([level('catch-all', 5), level('mine', 6)], [[], []])
  assert.match(level('catch-all', 6)[0] ?? '', /spec of 'catch-all' must equal the fixed value$/)
  const exempt = (nominalConcurrencyShares: number) =>
    validateNew(priorityLevelConfiguration, {
      metadata: { name: 'exempt' },
      spec: { type: 'Exempt', exempt: { nominalConcurrencyShares } },
    }).fields
  assert.deepEqual([exempt(7), exempt(-1)], [[], ['spec.exempt.nominalConcurrencyShares']])
})

test('endpointSlice counts a change that it drops', () => {
  const old = validateNew(endpointSlice, {
    metadata,
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'], hints: {} }],
    ports: null,
  }).object
  old.metadata.generation = 1
  const { object } = validateUpdate(endpointSlice, old, ({ endpoints }) =>
    Object.assign(endpoints?.[0]?.hints ?? {}, { forNodes: [{ name: 'n' }] }),
  )
  assert.deepEqual([object.metadata.generation, object.endpoints], [2, old.endpoints])
  assert.equal(validateUpdate(endpointSlice, old, () => undefined).object.metadata.generation, 1)
})

test('endpointSlice drops the topology of older versions but keeps its node', () => {
  const topology = { 'kubernetes.io/hostname': 'n1' }
  const old = { metadata, addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'], deprecatedTopology: topology }], ports: null }
  const { object } = validateUpdate(endpointSlice, old, next => {
    next.endpoints = [{ addresses: ['192.0.2.2'], deprecatedTopology: topology, hints: { forNodes: [{ name: 'n1' }] } }]
  })
  assert.deepEqual(object.endpoints, [{ addresses: ['192.0.2.2'], nodeName: 'n1', hints: {} }])
  assert.deepEqual(validateUpdate(endpointSlice, old, () => undefined).object.endpoints, old.endpoints)
})

test('kinds warn about accepted but discouraged values', () => {
  const cidr = '192.0.2.1/24'
  const peers = [{ ipBlock: { cidr } }]
  const ambiguous = (field: string) =>
    `${field}: CIDR value "${cidr}" is ambiguous in this context (should be "192.0.2.0/24" or "192.0.2.1/32"?)`
  const policy = { metadata, spec: { podSelector: {}, ingress: [{ from: peers }], egress: [{ to: peers }] } }
  assert.deepEqual(networkPolicy.warnings?.(policy, policy), [
    ambiguous('spec.ingress[0].from[0].ipBlock.cidr'),
    ambiguous('spec.egress[0].to[0].ipBlock.cidr'),
  ])
  const annotated = { metadata: { name: 'x', annotations: { 'kubernetes.io/ingress.class': 'nginx' } }, spec: {} }
  assert.deepEqual(ingress.warnings?.(annotated, undefined), [
    'annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead',
  ])
  assert.deepEqual(ingress.warnings?.(annotated, annotated), [])
  const slice = { metadata, addressType: 'IPv6', endpoints: [{ addresses: ['2001:DB8::1'] }], ports: null }
  const address = 'endpoints[0].addresses[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")'
  assert.deepEqual(endpointSlice.warnings?.(slice, slice), [address])
  assert.deepEqual(endpointSlice.warnings?.({ ...slice, addressType: 'FQDN', endpoints: [] }, undefined), [
    'spec.addressType: FQDN endpoints are deprecated',
  ])
  const scheduling = { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }
  assert.deepEqual(runtimeClass.warnings?.({ metadata, handler: 'h', scheduling }, undefined), [
    'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead',
  ])
})
