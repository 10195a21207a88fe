import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Service, ServiceSpec } from '../../types/core-v1.ts'
import { row, validateNew, validateSubresource, validateUpdate } from './new-object.fixture.ts'
import { service } from './service.ts'

const port = { port: 80 }
const serviceOf = (spec: ServiceSpec, annotations: Record<string, string> = {}): Service => ({
  metadata: { name: 'a', namespace: 'b', annotations },
  spec: { ports: [port], ...spec },
})

describe('a new service', () => {
  test("gets upstream's defaults", () => {
    const { object, errors } = validateNew(service, serviceOf({}))
    assert.deepEqual(errors, [])
    assert.deepEqual(object.spec, {
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
      internalTrafficPolicy: 'Cluster',
    })
    assert.deepEqual(object.status, { loadBalancer: {} })
  })

  test('gets the defaults of its type', () => {
    const { object } = validateNew(service, serviceOf({ type: 'LoadBalancer', sessionAffinity: 'ClientIP' }))
    assert.equal(object.spec.externalTrafficPolicy, 'Cluster')
    assert.equal(object.spec.allocateLoadBalancerNodePorts, true)
    assert.deepEqual(object.spec.sessionAffinityConfig, { clientIP: { timeoutSeconds: 10800 } })
    assert.equal(
      validateNew(service, serviceOf({ type: 'ExternalName', externalName: 'x.y' })).object.spec.internalTrafficPolicy,
      undefined,
    )
  })

  test('has its address in both fields', () => {
    assert.deepEqual(validateNew(service, serviceOf({ clusterIP: 'None' })).object.spec.clusterIPs, ['None'])
  })

  const rows: readonly { name: string; spec: ServiceSpec; annotations?: Record<string, string>; errors: readonly string[] }[] = [
    { name: 'needs ports', spec: { ports: [] }, errors: ['spec.ports: Required value'] },
    { name: 'needs none without an address', spec: { ports: [], clusterIP: 'None' }, errors: [] },
    {
      name: 'names its ports where there are several',
      spec: { ports: [port, { port: 81, name: 'b' }, { port: 82, name: 'b' }] },
      errors: ['spec.ports[0].name: Required value', 'spec.ports[2].name: Duplicate value: "b"'],
    },
    {
      name: 'has each port once',
      spec: {
        ports: [
          { port: 1, name: 'a' },
          { port: 1, name: 'b' },
          { port: 1, name: 'c', protocol: 'UDP' },
        ],
      },
      errors: [
        'spec.ports[1]: Duplicate value: core.ServicePort{Name:"", Protocol:"TCP", AppProtocol:(*string)(nil), Port:1, TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}',
      ],
    },
    {
      name: 'bounds ports',
      spec: { ports: [{ port: 0, targetPort: 'A' }] },
      errors: [
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[0].targetPort: Invalid value: "A": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'spec.ports[0].targetPort: Invalid value: "A": must contain at least one letter (a-z)',
      ],
    },
    {
      name: 'has node ports only where they are served',
      spec: { ports: [{ port: 80, nodePort: 30000 }] },
      errors: ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    },
    {
      name: 'knows types',
      spec: { type: 'Round' },
      errors: ['spec.type: Unsupported value: "Round": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
    },
    { name: 'needs a name where it is one', spec: { type: 'ExternalName' }, errors: ['spec.externalName: Required value'] },
    {
      name: 'has addresses that are some',
      spec: { clusterIP: 'here' },
      errors: ['spec.clusterIPs[0]: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    },
    {
      name: 'keeps both address fields the same',
      spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.2'] },
      errors: ['spec.clusterIPs: Invalid value: []string{"10.0.0.2"}: first value must match `clusterIP`'],
    },
    {
      name: 'has one address per family',
      spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'] },
      errors: ['spec.clusterIPs: Invalid value: []string{"10.0.0.1", "10.0.0.2"}: may specify no more than one IP for each IP family'],
    },
    {
      name: 'has addresses of its families',
      spec: { clusterIP: '10.0.0.1', ipFamilies: ['IPv6'] },
      errors: ['spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`'],
    },
    {
      name: 'is not reached through the node itself',
      spec: { externalIPs: ['127.0.0.1'] },
      errors: ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    },
    {
      name: 'limits sources of load balancers only',
      spec: { loadBalancerSourceRanges: ['10.0.0.0/8', 'x'] },
      errors: [
        "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        'spec.LoadBalancerSourceRanges[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    },
    {
      name: 'has policies for outside traffic only where there is some',
      spec: { externalTrafficPolicy: 'Local' },
      errors: ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    },
    {
      name: 'is checked where traffic stays local',
      spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
      errors: ['spec.healthCheckNodePort: Required value'],
    },
    {
      name: 'bounds affinity',
      spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } },
      errors: ['spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400'],
    },
    {
      name: 'knows distributions',
      spec: { trafficDistribution: 'Near' },
      errors: ['spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose"'],
    },
  ]
  for (const { name, spec, annotations, errors } of rows) {
    test(name, () => assert.deepEqual(validateNew(service, serviceOf(spec, annotations)).errors, errors))
  }
})

describe('an update of a service', () => {
  const stored = validateNew(
    service,
    serviceOf({ clusterIP: '10.0.0.1', type: 'NodePort', ports: [{ port: 80, nodePort: 30000 }], ipFamilies: ['IPv4'] }),
  ).object

  test('cannot change the address', () => {
    const { fields } = validateUpdate(service, stored, ({ spec }) => Object.assign(spec, { clusterIP: '10.0.0.2' }))
    assert.deepEqual(fields, ['spec.clusterIPs[0]'])
  })

  test('shows the addresses if the first family changes with their number, or the address is removed', () => {
    const change = 'spec.ipFamilies[0]: Invalid value: []string{"10.0.0.1"}: may not change once set'
    const added = validateUpdate(service, stored, ({ spec }) =>
      Object.assign(spec, { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' }),
    )
    assert.equal(added.errors[0], change)
    const dual = { ...stored, spec: { ...stored.spec, clusterIPs: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'] } }
    const released = validateUpdate(service, dual, ({ spec }) => {
      delete spec.clusterIP
      delete spec.clusterIPs
      delete spec.ipFamilies
    })
    assert.deepEqual(released.errors.slice(0, 2), [
      'spec.clusterIPs[0]: Invalid value: []string(nil): primary clusterIP can not be unset',
      'spec.ipFamilies[0]: Invalid value: []core.IPFamily(nil): primary ipFamily can not be unset',
    ])
  })

  test('validates the load balancer class for the change and for the new object', () => {
    const balancer = validateNew(service, serviceOf({ type: 'LoadBalancer', loadBalancerClass: 'a/b' })).object
    const become = (change: ServiceSpec) => validateUpdate(service, balancer, ({ spec }) => Object.assign(spec, change)).errors
    assert.deepEqual(become({ loadBalancerClass: 'a/c' }), ['spec.loadBalancerClass: Invalid value: "a/c": may not change once set'])
    assert.deepEqual(
      become({ loadBalancerClass: '/c' }).map(error => error.replace(/^.*: /, '')),
      ['may not change once set', 'prefix part must be non-empty', 'prefix part must be non-empty'],
    )
    const forbidden = "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"
    assert.deepEqual(become({ type: 'ClusterIP', loadBalancerClass: 'a/c' }), [forbidden, forbidden])
    assert.deepEqual(become({ type: 'ClusterIP' }), [])
  })

  test('drops fields that another type does not support', () => {
    const { object, errors } = validateUpdate(service, stored, ({ spec }) => {
      spec.type = 'ClusterIP'
    })
    assert.deepEqual(errors, [])
    assert.equal(object.spec.ports?.[0]?.nodePort, undefined)
    assert.equal(object.spec.externalTrafficPolicy, undefined)
    const named = validateUpdate(service, stored, ({ spec }) => Object.assign(spec, { type: 'ExternalName', externalName: 'a.b' }))
    assert.deepEqual([named.errors, named.object.spec.clusterIPs, named.object.spec.ipFamilies], [[], undefined, undefined])
  })

  test('drops node ports when ports change together with the type, but no new ones', () => {
    const ports = [
      { name: 'a', port: 80, nodePort: 30000 },
      { name: 'b', port: 81, nodePort: 30001 },
    ]
    const old = validateNew(service, serviceOf({ clusterIP: '10.0.0.1', type: 'NodePort', ports })).object
    const become = (change: (spec: ServiceSpec) => void) =>
      validateUpdate(service, old, ({ spec }) => {
        spec.type = 'ClusterIP'
        change(spec)
      })
    for (const change of [
      (spec: ServiceSpec) => void spec.ports?.pop(),
      (spec: ServiceSpec) => void spec.ports?.reverse(),
      (spec: ServiceSpec) => void delete spec.ports?.[0]?.nodePort,
    ]) {
      const { errors, object } = become(change)
      assert.deepEqual(errors, [])
      assert.ok(object.spec.ports?.every(({ nodePort }) => nodePort === undefined))
    }
    assert.deepEqual(become(spec => void Object.assign(spec.ports?.[0] ?? {}, { nodePort: 30002 })).fields, [
      'spec.ports[0].nodePort',
      'spec.ports[1].nodePort',
    ])
  })

  test('drops the address of a load balancer that it no longer has', () => {
    const balancer = validateNew(service, serviceOf({ clusterIP: '10.0.0.1', type: 'LoadBalancer', ports: [{ port: 80 }] })).object
    balancer.status = { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } }
    const kept = validateUpdate(service, balancer, ({ spec }) => Object.assign(spec, { sessionAffinity: 'ClientIP' }))
    assert.deepEqual(kept.object.status, balancer.status)
    const left = validateUpdate(service, balancer, ({ spec }) => Object.assign(spec, { type: 'ClusterIP' }))
    assert.deepEqual([left.errors, left.object.status], [[], { loadBalancer: {} }])
  })

  test('cannot change status, except through its own path', () => {
    const ingress = [{ ip: '192.0.2.1' }]
    const main = validateUpdate(service, stored, object => Object.assign(object, { status: { loadBalancer: { ingress } } }))
    assert.deepEqual(main.object.status, { loadBalancer: {} })
    const { fields } = validateSubresource(service, 'status', stored, object =>
      Object.assign(object, { status: { loadBalancer: { ingress } } }),
    )
    assert.deepEqual(fields, ['status.loadBalancer.ingress'])
  })
})

test('warnings name fields without effect', () => {
  const headless = validateNew(
    service,
    serviceOf({ clusterIP: 'None', externalIPs: ['1.2.3.4'], sessionAffinity: 'ClientIP', externalName: 'x' }),
  ).object
  assert.deepEqual(service.warnings?.(headless, undefined), [
    'spec.externalIPs is ignored for headless services',
    'spec.SessionAffinity is ignored for headless services',
    'spec.externalName is ignored when spec.type is not "ExternalName"',
  ])
  assert.deepEqual(service.warnings?.(validateNew(service, serviceOf({})).object, undefined), [])
  const odd = serviceOf({ externalIPs: ['010.0.0.1'], loadBalancerSourceRanges: ['10.0.0.1/8', ' 10.0.0.1/8'], type: 'LoadBalancer' })
  assert.deepEqual(service.warnings?.(validateNew(service, odd).object, undefined), [
    'spec.externalIPs[0]: non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
    'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
  ])
})

test('warnings name the ingress points with an unusual address', () => {
  const stored = validateNew(service, serviceOf({ type: 'LoadBalancer' })).object
  const status = service.subresources.find(({ name }) => name === 'status')
  const ingress = [{ hostname: 'a.b' }, { ip: '1.2.3.4' }, { ip: '2001:DB8::1' }]
  assert.deepEqual(status?.warnings?.({ ...stored, status: { loadBalancer: { ingress } } }, stored), [
    'status.loadBalancer.ingress[2]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
  ])
})

describe('the row of a service', () => {
  const rows: readonly (readonly [spec: ServiceSpec, external: string, ports: string])[] = [
    [{ type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }] }, '<none>', '80/TCP'],
    [
      {
        type: 'NodePort',
        ports: [
          { port: 80, nodePort: 30000, protocol: 'TCP' },
          { port: 53, protocol: 'UDP' },
        ],
      },
      '<none>',
      '80:30000/TCP,53/UDP',
    ],
    [{ type: 'LoadBalancer', externalIPs: ['1.2.3.4'] }, '1.2.3.4', '<none>'],
    [{ type: 'LoadBalancer' }, '<pending>', '<none>'],
    [{ type: 'ExternalName', externalName: 'a.b' }, 'a.b', '<none>'],
  ]
  for (const [spec, external, ports] of rows) {
    test(`${spec.type} shows ${external}`, () => {
      const cells = row(service, { metadata: { name: 'a' }, spec })
      assert.deepEqual([cells['External-IP'], cells['Port(s)'], cells['Cluster-IP']], [external, ports, '<none>'])
    })
  }
})
