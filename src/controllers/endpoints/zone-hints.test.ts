import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod, Service } from '../../api/types/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../api/types/discovery-v1.ts'
import { endpointSlices, events, nodes, pods, services } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { endpointSlice } from './endpoint-slice.ts'
import { hintZones, zoneShares } from './zone-hints.ts'

/** `a` in zone a, `a>b` with a hint for b, `a!` not ready, `a?` without readiness, `-` without a zone. */
function endpointOf(word: string): Endpoint {
  const [, zone = '', mark, hint] = /^([a-z-])([!?])?(?:>([a-z]))?$/.exec(word) ?? []
  return {
    addresses: ['10.0.0.1'],
    ...(mark === '?' ? {} : { conditions: { ready: mark !== '!' } }),
    ...(zone === '-' ? {} : { zone }),
    ...(hint === undefined ? {} : { hints: { forZones: [{ name: hint }] } }),
  }
}
const sliceOf = (words: string): EndpointSlice => ({
  metadata: {},
  addressType: 'IPv4',
  ports: [],
  endpoints: words === '' ? [] : words.split(' ').map(endpointOf),
})
const hintsOf = (slices: readonly EndpointSlice[]) =>
  slices.map(({ endpoints }) => (endpoints ?? []).map(({ hints }) => hints?.forZones?.map(({ name }) => name).join() ?? '.').join(' '))

const insufficient = 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes'
const cases: readonly {
  name: string
  shares?: Readonly<Record<string, number>>
  create?: readonly string[]
  update?: readonly string[]
  unchanged?: readonly string[]
  created?: readonly string[]
  updated?: readonly string[]
  problem?: string
}[] = [
  { name: 'nothing without shares', problem: insufficient },
  { name: 'none without shares', create: ['a'], created: ['.'], problem: insufficient },
  {
    name: 'none where there are fewer endpoints than zones',
    shares: { a: 0.3, b: 0.4, c: 0.3 },
    create: ['a b'],
    created: ['. .'],
    problem: 'Insufficient number of endpoints (2 endpoints, 3 zones)',
  },
  {
    name: 'none where a zone would be overloaded',
    shares: { a: 0.8, b: 0.2 },
    create: ['a b'],
    created: ['. .'],
    problem: 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (2 endpoints, 2 zones)',
  },
  {
    name: 'none where an endpoint has no zone',
    shares: { a: 0.5, b: 0.5 },
    create: ['a a b -'],
    created: ['. . . .'],
    problem: 'One or more endpoints do not have a zone specified',
  },
  { name: 'their own zones', shares: { a: 0.45, b: 0.55 }, create: ['a b'], created: ['a b'] },
  { name: 'only those that are ready', shares: { a: 0.45, b: 0.55 }, create: ['a b b! b?'], created: ['a b . .'] },
  {
    name: 'one of a zone that has too many to the one that has too few',
    shares: { a: 0.35, b: 0.35, c: 0.3 },
    create: ['a b', 'c c a'],
    update: ['a a', 'b c a'],
    created: ['b b', 'c c a'],
    updated: ['a a', 'b c a'],
  },
  { name: 'one zone to two others', shares: { a: 0.34, b: 0.33, c: 0.33 }, create: ['a a a'], created: ['b c a'] },
  { name: 'those of a zone without nodes to it', shares: { a: 0.5, b: 0.5 }, create: ['a a a b b z'], created: ['a a a b b z'] },
  {
    name: 'none to three in two zones',
    shares: { a: 0.5, b: 0.5 },
    create: ['a a b'],
    created: ['. . .'],
    problem: 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones)',
  },
  { name: 'nothing to slices that have good ones', shares: { a: 0.5, b: 0.5 }, unchanged: ['a>a b>b'], create: ['a b'], created: ['a b'] },
  { name: 'slices anew whose hints are too many for a zone', shares: { a: 0.5, b: 0.5 }, unchanged: ['a>a b>a'], updated: ['a b'] },
  { name: 'slices anew whose hints are for a zone without nodes', shares: { a: 0.5, b: 0.5 }, unchanged: ['a>z b>b'], updated: ['a b'] },
  { name: 'slices anew that lack a hint', shares: { a: 0.5, b: 0.5 }, unchanged: ['a b>b'], updated: ['a b'] },
  {
    name: 'none any more, taken back from every slice that has them',
    unchanged: ['a>a b>b', 'a b'],
    update: ['a>a'],
    updated: ['.', '. .'],
    problem: insufficient,
  },
]
for (const { name, shares, create = [], update = [], unchanged = [], created = [], updated = [], problem } of cases) {
  test(`hintZones() returns ${name}`, () => {
    const known = shares && new Map(Object.entries(shares))
    const found = hintZones(create.map(sliceOf), update.map(sliceOf), unchanged.map(sliceOf), known)
    assert.deepEqual([hintsOf(found.create), hintsOf(found.update), found.problem], [created, updated, problem])
  })
}

const nodeOf = (name: string, zone: string | undefined, cpu: string, ready = 'True', labels: Record<string, string> = {}): Node => ({
  metadata: { name, labels: { ...labels, ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }) } },
  spec: {},
  status: { allocatable: cpu === '' ? {} : { cpu }, conditions: [{ type: 'Ready', status: ready }] },
})
const shares: readonly { name: string; nodes: readonly Node[]; wanted: Readonly<Record<string, number>> | undefined }[] = [
  { name: 'no nodes', nodes: [], wanted: undefined },
  { name: 'one zone', nodes: [nodeOf('1', 'a', '1'), nodeOf('2', 'a', '1')], wanted: undefined },
  { name: 'two zones', nodes: [nodeOf('1', 'a', '1'), nodeOf('2', 'b', '1000m')], wanted: { a: 0.5, b: 0.5 } },
  {
    name: 'nodes of different sizes',
    nodes: [nodeOf('1', 'a', '1'), nodeOf('2', 'b', '2'), nodeOf('3', 'b', '1')],
    wanted: { a: 0.25, b: 0.75 },
  },
  { name: 'a zone that is not ready', nodes: [nodeOf('1', 'a', '1', 'False'), nodeOf('2', 'b', '1')], wanted: undefined },
  {
    name: 'a control plane beside them',
    nodes: [
      nodeOf('1', 'a', '1'),
      nodeOf('2', 'b', '1'),
      nodeOf('3', undefined, '8', 'True', { 'node-role.kubernetes.io/control-plane': '' }),
    ],
    wanted: { a: 0.5, b: 0.5 },
  },
  { name: 'a node without a zone', nodes: [nodeOf('1', 'a', '1'), nodeOf('2', 'b', '1'), nodeOf('3', undefined, '1')], wanted: undefined },
  { name: 'a node without CPUs', nodes: [nodeOf('1', 'a', '1'), nodeOf('2', 'b', '1'), nodeOf('3', 'b', '')], wanted: undefined },
]
for (const { name, nodes: list, wanted } of shares) {
  test(`zoneShares() of ${name}`, () => {
    const found = zoneShares(list)
    assert.deepEqual(found && Object.fromEntries(found), wanted)
  })
}

test('endpointSlice allocates endpoints to zones if the annotation is Auto, and reports that on the service', async () => {
  const service: Service = {
    metadata: { name: 'web', namespace: 'ns', uid: 'svc', annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  }
  const pod = (name: string, nodeName: string): Pod => ({
    metadata: { name, namespace: 'ns', uid: name, labels: { app: 'web' } },
    spec: { nodeName, containers: [{ name: 'c' }] },
    status: { phase: 'Running', podIP: `10.0.0.${name}`, conditions: [{ type: 'Ready', status: 'True' }] },
  })
  await using scenario = startScenario({
    controllers: [endpointSlice],
    prepare(api) {
      api.seed(services, service)
      for (const node of [nodeOf('n1', 'a', '1'), nodeOf('n2', 'a', '1')]) api.seed(nodes, node)
      for (const each of [pod('1', 'n1'), pod('2', 'n2')]) api.seed(pods, each)
    },
  })
  const { api } = scenario
  const said = (message: string) => () => api.all(events).some(event => event.message === `${message}, addressType: IPv4`)
  const hints = () => hintsOf(api.all(endpointSlices)).join()
  await scenario.until(said(insufficient), 'the reason')
  assert.equal(hints(), '. .')
  api.change(nodes, '', 'n2', node => {
    node.metadata.labels = { 'topology.kubernetes.io/zone': 'b' }
  })
  await scenario.until(() => hints() === 'a b', 'hints')
  await scenario.until(said('Topology Aware Hints has been enabled'), 'the event')
  api.change(services, 'ns', 'web', object => {
    object.metadata.annotations = {}
  })
  await scenario.until(() => hints() === '. .', 'no hints')
  await scenario.until(said('Topology Aware Hints has been disabled'), 'the other event')
})
