import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type { Pod, Service } from '../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../api/types/discovery-v1.ts'
import { type Ruleset, renderRuleset } from './ruleset.ts'
import { planHostPorts, planServices } from './service-plan.ts'
import { serviceRanges } from './service-ranges.ts'

const service = (spec: Partial<Service['spec']>, labels: Record<string, string> = {}): Service => ({
  metadata: { name: 'web', namespace: 'team', labels },
  spec: { clusterIP: '10.96.0.5', ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
})
type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]
const slice = (
  endpoints: readonly Endpoint[],
  ports: EndpointSlice['ports'] = [{ name: 'http', port: 8080, protocol: 'TCP' }],
): EndpointSlice => ({
  metadata: { name: 'web-1', namespace: 'team', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  endpoints: [...endpoints],
  ports,
})
const at = (ip: string, conditions: Endpoint['conditions'] = { ready: true }, nodeName = 'n1'): Endpoint => ({
  addresses: [ip],
  conditions,
  nodeName,
})
const n1 = { name: 'n1', zone: 'z1' }
const targets = (spec: Partial<Service['spec']>, slices: readonly EndpointSlice[], labels?: Record<string, string>) =>
  planServices([service(spec, labels)], slices, n1).map(port => port.targets.map(({ ip, port: number }) => `${ip}:${number}`))

test('planServices() chooses the targets of each port', () => {
  const rows: readonly (readonly [string, readonly string[][], ReturnType<typeof targets>])[] = [
    [
      'ready endpoints, once and in order',
      [['10.244.0.2:8080', '10.244.0.3:8080']],
      targets({}, [slice([at('10.244.0.3'), at('10.244.0.2')]), slice([at('10.244.0.2')])]),
    ],
    ['no endpoint that is not ready', [['10.244.0.2:8080']], targets({}, [slice([at('10.244.0.2'), at('10.244.0.3', { ready: false })])])],
    [
      'ending ones that serve, where none is ready',
      [['10.244.0.4:8080']],
      targets({}, [slice([at('10.244.0.4', { ready: false, serving: true, terminating: true })])]),
    ],
    [
      'only the node itself with internalTrafficPolicy Local',
      [['10.244.0.2:8080']],
      targets({ internalTrafficPolicy: 'Local' }, [slice([at('10.244.0.2'), at('10.244.1.2', { ready: true }, 'n2')])]),
    ],
    [
      'ending ones that do not say whether they serve',
      [['10.244.0.4:8080']],
      targets({}, [slice([at('10.244.0.4', { ready: false, terminating: true })])]),
    ],
    ['never loopback or link-local addresses', [[]], targets({}, [slice([at('127.0.0.1'), at('169.254.169.254')])])],
    ['no slice of another port name', [[]], targets({}, [slice([at('10.244.0.2')], [{ name: 'admin', port: 1 }])])],
    ['nothing for a headless service', [], targets({ clusterIP: 'None' }, [slice([at('10.244.0.2')])])],
    ['nothing for an external name', [], targets({ type: 'ExternalName' }, [])],
    ['nothing for a service of another proxy', [], targets({}, [], { 'service.kubernetes.io/service-proxy-name': 'mine' })],
  ]
  for (const [name, wanted, got] of rows) assert.deepEqual(got, wanted, name)
})

const hinted = (ip: string, zones: readonly string[], conditions: Endpoint['conditions'] = { ready: true }, nodeName = 'n2'): Endpoint => ({
  ...at(ip, conditions, nodeName),
  hints: { forZones: zones.map(name => ({ name })) },
})

test('planServices() follows topology hints', () => {
  const [near, shared, far] = [hinted('10.244.1.1', ['z1']), hinted('10.244.1.2', ['z2', 'z1']), hinted('10.244.1.3', ['z2'])]
  const ending = { ready: false, serving: true, terminating: true }
  const all = ['10.244.1.1', '10.244.1.2', '10.244.1.3']
  const rows: readonly {
    name: string
    endpoints: readonly Endpoint[]
    zone?: string
    spec?: Partial<Service['spec']>
    wanted: readonly string[]
  }[] = [
    { name: 'to those for its zone', endpoints: [near, shared, far], wanted: ['10.244.1.1', '10.244.1.2'] },
    { name: 'to all where the node has no zone', endpoints: [near, shared, far], zone: '', wanted: all },
    { name: 'to all where none is for its zone', endpoints: [near, shared, far], zone: 'z3', wanted: all },
    { name: 'to all where a ready one has no hint', endpoints: [near, shared, hinted('10.244.1.3', [])], wanted: all },
    {
      name: 'whatever those that are not ready have',
      endpoints: [near, far, at('10.244.1.4', { ready: false }), hinted('10.244.1.5', [], ending)],
      wanted: ['10.244.1.1'],
    },
    {
      name: 'to all ready ones where those for its zone are not ready',
      endpoints: [hinted('10.244.1.1', ['z1'], { ready: false }), far],
      wanted: ['10.244.1.3'],
    },
    {
      name: 'to ending ones of any zone where none is ready',
      endpoints: [hinted('10.244.1.1', ['z1'], ending), hinted('10.244.1.3', ['z2'], ending)],
      wanted: ['10.244.1.1', '10.244.1.3'],
    },
    {
      name: 'not for requests to the node itself',
      endpoints: [near, hinted('10.244.0.9', ['z2'], { ready: true }, 'n1')],
      spec: { internalTrafficPolicy: 'Local' },
      wanted: ['10.244.0.9'],
    },
  ]
  for (const { name, endpoints, zone = 'z1', spec = {}, wanted } of rows) {
    const [port] = planServices([service(spec)], [slice(endpoints)], { name: 'n1', zone: zone || undefined })
    assert.deepEqual(
      port?.targets.map(({ ip }) => ip),
      wanted,
      name,
    )
  }
})

test('planServices() applies the traffic policy of each kind of address', () => {
  const here = at('10.244.0.2')
  const there = at('10.244.1.2', { ready: true }, 'n2')
  const endingHere = at('10.244.0.3', { ready: false, serving: true, terminating: true })
  const nodePort = { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] }
  const [h, t, e] = ['10.244.0.2', '10.244.1.2', '10.244.0.3']
  const rows: readonly [string, Partial<Service['spec']>, readonly Endpoint[], readonly [string[], string[], string[], boolean]][] = [
    ['Cluster both', nodePort, [here, there], [[h, t], [h, t], [h, t], true]],
    ['Local outside', { ...nodePort, externalTrafficPolicy: 'Local' }, [here, there], [[h, t], [h], [h, t], true]],
    ['Local outside, nothing here', { ...nodePort, externalTrafficPolicy: 'Local' }, [there], [[t], [], [t], true]],
    ['Local outside, ending here', { ...nodePort, externalTrafficPolicy: 'Local' }, [endingHere, there], [[t], [e], [t], true]],
    ['Local inside', { ...nodePort, internalTrafficPolicy: 'Local' }, [there], [[], [t], [t], true]],
    ['Local outside of what has no outside', { externalTrafficPolicy: 'Local' }, [there], [[t], [t], [t], true]],
    ['nothing', { ...nodePort, externalTrafficPolicy: 'Local' }, [at('10.244.0.2', { ready: false })], [[], [], [], false]],
  ]
  const ips = (list: readonly { ip: string }[] = []) => list.map(({ ip }) => ip)
  for (const [name, spec, endpoints, wanted] of rows) {
    const [port] = planServices([service(spec)], [slice(endpoints)], n1)
    assert.deepEqual([ips(port?.targets), ips(port?.externalTargets), ips(port?.ownTargets), port?.isServed], wanted, name)
  }
})

test("planHostPorts() maps the host ports of this node's pods that have an address", () => {
  const pod = (spec: object, status: object = { podIP: '10.244.0.2', phase: 'Running' }) =>
    ({
      metadata: { name: 'p' },
      spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080 }] }], ...spec },
      status,
    }) as Pod
  assert.deepEqual(planHostPorts([pod({})], 'n1'), [
    { hostIp: undefined, port: 8080, protocol: 'tcp', target: { ip: '10.244.0.2', port: 80 } },
  ])
  for (const other of [pod({ nodeName: 'n2' }), pod({ hostNetwork: true }), pod({}, {}), pod({}, { podIP: '10.244.0.2', phase: 'Failed' })])
    assert.deepEqual(planHostPorts([other], 'n1'), [])
})

const ruleset: Ruleset = {
  table: 'bulkhead_test',
  clusterPods: '10.244.0.0/16',
  localPods: '10.244.0.0/24',
  services: serviceRanges('10.96.0.0/16', [{ metadata: { name: 'more' }, spec: { cidrs: ['203.0.113.0/24'] } }], '10.244.0.0/16'),
  dns: { address: '10.96.0.10', port: 10053 },
  ports: planServices(
    [
      service({
        ports: [
          { name: 'http', port: 80, nodePort: 30080 },
          { name: 'none', port: 81, nodePort: 30081 },
        ],
        sessionAffinity: 'ClientIP',
      }),
      { ...service({ clusterIP: '10.96.0.6' }), metadata: { name: 'api', namespace: 'team' } },
    ],
    [slice([at('10.244.0.2'), at('10.244.0.3')])],
    n1,
  ),
  hostPorts: [{ hostIp: undefined, port: 8080, protocol: 'udp', target: { ip: '10.244.0.2', port: 53 } }],
}

const made = (name: string, clusterIP: string, day: number, spec: Partial<Service['spec']> = {}): Service => ({
  ...service({ clusterIP, ...spec }),
  metadata: { name, namespace: 'team', uid: name, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
  status: { loadBalancer: { ingress: [{ ip: '10.96.0.5' }] } },
})
const named = (name: string, ip: string): EndpointSlice => ({
  ...slice([at(ip)]),
  metadata: { name: `${name}-1`, namespace: 'team', labels: { 'kubernetes.io/service-name': name } },
})

test('CVE-2021-25736: no Service takes an address or node port of another, whatever its status and externalIPs say', t => {
  const slices = [named('first', '10.244.0.2'), named('second', '10.244.0.3'), named('third', '10.244.0.4')]
  const third = made('third', '10.96.0.7', 1, { externalIPs: ['10.96.0.5', '10.96.0.7', '192.0.2.9', '192.0.2.9'] })
  const second = made('second', '10.96.0.6', 2, {
    externalIPs: ['192.0.2.9', '192.0.2.8'],
    ports: [{ name: 'http', port: 80, nodePort: 30080 }],
  })
  const first = made('first', '10.96.0.5', 3, { ports: [{ name: 'http', port: 80, nodePort: 30080 }] })
  const ports = planServices([first, second, third], slices, n1)
  assert.deepEqual(
    ports.map(({ id, addresses, externalAddresses, nodePort, taken }) => [id, [...addresses, ...externalAddresses], nodePort, taken]),
    [
      ['team/first:http:80', ['10.96.0.5'], undefined, [':30080']],
      ['team/second:http:80', ['10.96.0.6', '192.0.2.8'], 30080, ['192.0.2.9']],
      ['team/third:http:80', ['10.96.0.7', '192.0.2.9'], undefined, ['10.96.0.5']],
    ],
  )
  const keys = [...renderRuleset({ ...ruleset, ports }).matchAll(/(10\.96\.0\.5|192\.0\.2\.9) \. tcp \. 80 : goto/g)]
  assert.equal(keys.length, 2)
  if (process.getuid?.() !== 0) return t.diagnostic('only root asks the kernel')
  assert.equal(spawnSync('nft', ['-c', '-f', '-'], { input: renderRuleset({ ...ruleset, ports }), encoding: 'utf8' }).stderr || '', '')
})

test('planServices() has a unique id for each port, whatever their names end with', () => {
  const ports = planServices(
    [
      service({
        ports: [
          { name: 'a', port: 180 },
          { name: 'a1', port: 80 },
        ],
      }),
    ],
    [],
    n1,
  )
  assert.equal(new Set(ports.map(({ id }) => id)).size, 2)
})

test("CVE-2019-9946: renderRuleset() evaluates Services before host ports, so that no pod's hostPort takes packets of a Service", () => {
  const text = renderRuleset({
    ...ruleset,
    hostPorts: [{ hostIp: undefined, port: 80, protocol: 'tcp', target: { ip: '10.244.0.2', port: 80 } }],
  })
  for (const name of ['prerouting', 'output']) {
    const rules =
      text
        .slice(text.indexOf(`chain ${name} {`))
        .split('\n  }')[0]
        ?.split('\n') ?? []
    const at = (part: string) => rules.findIndex(rule => rule.includes(part))
    assert.ok(at('@service_ports') > 0 && at('@service_ports') < at('tcp dport 80 dnat'), rules.join('\n'))
    assert.match(rules[at('tcp dport 80 dnat')] ?? '', /fib daddr type local/, 'of the node itself alone')
  }
})

test('renderRuleset() sends Services to their pods and rejects those without', () => {
  const text = renderRuleset(ruleset)
  assert.match(text, /10\.96\.0\.5 \. tcp \. 80 : goto svc_/)
  assert.match(text, /tcp \. 30080 : goto svc_/)
  assert.match(text, /jhash ip saddr mod 2 map \{ 0 : 10\.244\.0\.2 \. 8080, 1 : 10\.244\.0\.3 \. 8080 \}/)
  assert.match(text, /set refused_service_ports[^}]*elements = \{[^}]*10\.96\.0\.5 \. tcp \. 81/)
  assert.match(text, /set refused_node_ports[^}]*tcp \. 30081/)
  const rules = text.slice(text.indexOf('chain prerouting'))
  assert.ok(rules.indexOf('@service_ports') < rules.indexOf('udp dport 8080'), 'a host port must not come before the services')
  assert.equal(renderRuleset(ruleset), text)
})

test('CVE-2020-8558: renderRuleset() sends nothing to or from loopback', () => {
  const text = renderRuleset(ruleset)
  const ofNode = text
    .slice(text.indexOf('chain prerouting'))
    .split('\n')
    .filter(rule => rule.includes('fib daddr type local'))
  assert.ok(ofNode.length >= 5)
  for (const rule of ofNode) assert.match(rule, /^ *ip daddr != 127\.0\.0\.0\/8 /)
})

const local: Ruleset = {
  ...ruleset,
  ports: planServices(
    [
      service({
        type: 'NodePort',
        ports: [{ name: 'http', port: 80, nodePort: 30080 }],
        externalIPs: ['192.0.2.9'],
        externalTrafficPolicy: 'Local',
      }),
    ],
    [slice([at('10.244.1.2', { ready: true }, 'n2')])],
    n1,
  ),
}

test('renderRuleset() drops packets of outside clients if only other nodes have targets, and still serves its own pods', () => {
  const text = renderRuleset(local)
  assert.match(text, /10\.96\.0\.5 \. tcp \. 80 : goto svc_/)
  assert.match(text, /192\.0\.2\.9 \. tcp \. 80 : goto ext_/)
  assert.match(text, /tcp \. 30080 : goto ext_/)
  const outside = /chain ext_\w+ \{\n([^}]*)\}/.exec(text)?.[1]?.trim().split(/\n\s*/)
  const own = 'meta l4proto tcp dnat ip to 10.244.1.2:8080'
  assert.deepEqual(outside, [`ip saddr 10.244.0.0/24 ${own}`, `fib saddr type local ${own}`])
  assert.match(text, /set silent_service_ports[^}]*elements = \{ 192\.0\.2\.9 \. tcp \. 80 \}/)
  assert.match(text, /set silent_node_ports[^}]*elements = \{ tcp \. 30080 \}/)
  assert.doesNotMatch(text, /set refused_\w+ \{[^}]*elements/)
})

test('the kernel accepts the ruleset', { skip: process.getuid?.() === 0 ? false : 'needs root' }, t => {
  for (const each of [ruleset, local]) {
    const { status, stderr, error } = spawnSync('nft', ['-c', '-f', '-'], { input: renderRuleset(each), encoding: 'utf8' })
    if (error) return t.skip('nft is not installed')
    assert.equal(status, 0, stderr)
  }
})

/** Connects to itself on the machine's address, before and after the rules on stdin are loaded. */
const speaker = `
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
const signal = AbortSignal.timeout(60_000)
const server = createServer(socket => socket.pipe(socket)).listen(0, '192.0.2.2')
await once(server, 'listening', { signal })
const socket = connect(server.address().port, '192.0.2.2')
for (const word of ['before', 'after']) {
  if (word === 'after') spawnSync('nft', ['-f', '-'], { input: readFileSync(0), stdio: ['pipe', 'inherit', 'inherit'] })
  socket.write(word)
  console.log(String((await once(socket, 'data', { signal }))[0]))
}
process.exit()
`

test('loading the rules does not break connections that the machine has with itself', {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, t => {
  if (spawnSync('unshare', ['-n', 'nft', 'list', 'ruleset']).status !== 0) return t.skip('nft is not installed')
  const ports = planServices([service({})], [slice([at('192.0.2.2')])], n1)
  const machine =
    'ip link set lo up && ip addr add 10.96.0.10/32 dev lo && ip link add eth0 type veth peer name eth1 && ip link set eth0 up && ' +
    'ip addr add 192.0.2.2/24 dev eth0 && exec "$0" --input-type=module -e "$1"'
  const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', machine, process.execPath, speaker], {
    input: renderRuleset({ ...ruleset, ports }),
    encoding: 'utf8',
  })
  assert.equal(stdout, 'before\nafter\n', stderr)
})
