import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod, PodAffinityTerm, PodSpec, TopologySpreadConstraint } from '../api/types/core-v1.ts'
import { ClusterState } from './framework/cluster-state.ts'
import type { SchedulerPlugin } from './framework/framework.ts'
import { interPodAffinity } from './plugins/inter-pod-affinity.ts'
import { podTopologySpread } from './plugins/pod-topology-spread.ts'

const host = 'kubernetes.io/hostname'
const zone = 'topology.kubernetes.io/zone'
const nodeOf = (name: string, labels: Record<string, string> = {}): Node => ({
  metadata: { name, labels: { [host]: name, ...labels } },
  spec: {},
  status: { allocatable: { cpu: '4', pods: '10' } },
})
let made = 0
const podOf = (app: string, spec: Partial<PodSpec> = {}, metadata: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { name: `${app}-${++made}`, uid: `${made}`, namespace: 'ns', labels: { app }, ...metadata },
  spec: { containers: [], ...spec },
})
const spread = (more: Partial<TopologySpreadConstraint>): TopologySpreadConstraint => ({
  ...{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'a' } } },
  ...more,
})
const constrained = (...constraints: TopologySpreadConstraint[]): Pod => podOf('a', { topologySpreadConstraints: constraints })
const near = (...apps: Record<string, string>[]): Pod =>
  podOf('p', {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: apps.map(matchLabels => ({ topologyKey: host, labelSelector: { matchLabels } })),
      },
    },
  })
const apart = (term: Partial<PodAffinityTerm>, labels: Record<string, string> = {}): Pod => {
  const terms = [{ topologyKey: host, labelSelector: { matchLabels: { app: 'a' } }, ...term }]
  return podOf('p', { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } }, { labels })
}
const prefers = (app: string, weight: number): Pod =>
  podOf('p', {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight, podAffinityTerm: { topologyKey: host, labelSelector: { matchLabels: { app } } } },
        ],
      },
    },
  })
const zones = [nodeOf('a', { [zone]: 'z1' }), nodeOf('b', { [zone]: 'z1' }), nodeOf('c', { [zone]: 'z2' })]
const tainted = (name: string, effect: string): Node => ({
  ...nodeOf(name, { [zone]: 'z2' }),
  spec: { taints: [{ key: 'k', effect }] },
})
const ending = { deletionTimestamp: '2026-01-01T00:00:00Z' }

interface Row {
  readonly name: string
  readonly plugin: SchedulerPlugin
  readonly pod: Pod
  /** Pods by node. */
  readonly on?: Record<string, Pod[]>
  readonly nodes?: Node[]
  /** The workload of the pod. */
  readonly workload?: string
  readonly fits?: string
  readonly scores?: number[]
}
const rows: Row[] = [
  {
    name: 'counts no pod on nodes without one of the keys, whichever constraint has it',
    plugin: podTopologySpread,
    pod: constrained(spread({}), spread({ topologyKey: 'rack' })),
    nodes: [nodeOf('a', { [zone]: 'z1', rack: 'r' }), nodeOf('b', { [zone]: 'z1' }), nodeOf('c', { [zone]: 'z2' })],
    on: { b: [podOf('a'), podOf('a')] },
    fits: 'a',
  },
  {
    name: 'counts no pod for a selector without requirements',
    plugin: podTopologySpread,
    pod: constrained(spread({ labelSelector: {} })),
    on: { a: [podOf('a'), podOf('b')] },
    fits: 'a b c',
  },
  {
    name: 'counts no terminating pod and none of another namespace',
    plugin: podTopologySpread,
    pod: constrained(spread({})),
    on: { a: [podOf('a', {}, ending), podOf('a', {}, { namespace: 'other' })] },
    fits: 'a b c',
  },
  {
    name: 'keeps the minimum at 0 until minDomains domains exist',
    plugin: podTopologySpread,
    pod: constrained(spread({ minDomains: 3 })),
    on: { a: [podOf('a')], c: [podOf('a')] },
    fits: '',
  },
  {
    name: 'counts pods on nodes that the pod cannot use only if configured',
    plugin: podTopologySpread,
    pod: podOf('a', { nodeSelector: { [zone]: 'z1' }, topologySpreadConstraints: [spread({})] }),
    on: { a: [podOf('a')] },
    fits: 'a b c',
  },
  {
    name: 'includes nodes that the pod does not select if nodeAffinityPolicy is Ignore',
    plugin: podTopologySpread,
    pod: podOf('a', { nodeSelector: { [zone]: 'z1' }, topologySpreadConstraints: [spread({ nodeAffinityPolicy: 'Ignore' })] }),
    on: { a: [podOf('a')] },
    fits: 'c',
  },
  {
    name: 'includes nodes with taints',
    plugin: podTopologySpread,
    pod: constrained(spread({})),
    nodes: [...zones.slice(0, 2), tainted('c', 'NoSchedule')],
    on: { a: [podOf('a')] },
    fits: 'c',
  },
  {
    name: 'excludes nodes with taints if nodeTaintsPolicy is Honor',
    plugin: podTopologySpread,
    pod: constrained(spread({ nodeTaintsPolicy: 'Honor' })),
    nodes: [...zones.slice(0, 2), tainted('c', 'NoExecute')],
    on: { a: [podOf('a')] },
    fits: 'a b c',
  },
  {
    name: 'ignores PreferNoSchedule taints',
    plugin: podTopologySpread,
    pod: constrained(spread({ nodeTaintsPolicy: 'Honor' })),
    nodes: [...zones.slice(0, 2), tainted('c', 'PreferNoSchedule')],
    on: { a: [podOf('a')] },
    fits: 'c',
  },
  {
    name: 'counts pods with the same values of matchLabelKeys',
    plugin: podTopologySpread,
    pod: podOf('a', { topologySpreadConstraints: [spread({ matchLabelKeys: ['hash', 'absent'] })] }, { labels: { app: 'a', hash: '2' } }),
    on: { a: [podOf('a', {}, { labels: { app: 'a', hash: '1' } })], c: [podOf('a', {}, { labels: { app: 'a', hash: '2' } })] },
    fits: 'a b',
  },
  {
    name: 'gives nodes without the label 0 if the pod has constraints',
    plugin: podTopologySpread,
    pod: constrained(spread({ whenUnsatisfiable: 'ScheduleAnyway' })),
    nodes: [...zones, nodeOf('d')],
    on: { a: [podOf('a'), podOf('a'), podOf('a')], c: [podOf('a')] },
    scores: [25, 25, 100, 0],
  },
  {
    name: 'spreads pods of a workload over zones and nodes by default',
    plugin: podTopologySpread,
    pod: podOf('a'),
    workload: 'a',
    on: { a: [podOf('a'), podOf('a')], b: [podOf('b')] },
    scores: [50, 75, 100],
  },
  {
    name: 'spreads pods of a workload over nodes without zones',
    plugin: podTopologySpread,
    pod: podOf('a'),
    workload: 'a',
    nodes: [nodeOf('a'), nodeOf('b')],
    on: { a: [podOf('a')] },
    scores: [66, 100],
  },
  {
    name: 'does not apply the defaults to pods with constraints of the other kind',
    plugin: podTopologySpread,
    pod: constrained(spread({})),
    workload: 'a',
    on: { a: [podOf('a')] },
    scores: [],
  },
  {
    name: 'requires one pod that matches all terms',
    plugin: interPodAffinity,
    pod: near({ app: 'a' }, { tier: 't' }),
    on: { a: [podOf('a'), podOf('b', {}, { labels: { tier: 't' } })], c: [podOf('a', {}, { labels: { app: 'a', tier: 't' } })] },
    fits: 'c',
  },
  {
    name: 'uses labels of namespaces and names together',
    plugin: interPodAffinity,
    pod: apart({ namespaces: ['named'], namespaceSelector: { matchLabels: { team: 't' } } }),
    on: {
      a: [podOf('a', {}, { namespace: 'team' })],
      b: [podOf('a', {}, { namespace: 'named' })],
      c: [podOf('a'), podOf('a', {}, { namespace: 'other' })],
    },
    fits: 'c',
  },
  {
    name: 'uses all namespaces if the selector is empty',
    plugin: interPodAffinity,
    pod: apart({ namespaceSelector: {} }),
    on: { a: [podOf('a', {}, { namespace: 'team' })], b: [podOf('a')] },
    fits: 'c',
  },
  {
    name: 'uses the selector that the API derived from label keys',
    plugin: interPodAffinity,
    pod: apart({ matchLabelKeys: ['hash'] }, { app: 'p', hash: 'now another' }),
    on: { a: [podOf('a', {}, { labels: { app: 'a', hash: '1' } })] },
    fits: 'b c',
  },
  {
    name: 'gives the best node the full score, even if all are bad',
    plugin: interPodAffinity,
    pod: prefers('a', 29),
    on: { a: [podOf('a'), podOf('a')], b: [podOf('a')], c: [podOf('a')] },
    scores: [0, 100, 100],
  },
  {
    name: 'rounds down what upstream rounds down',
    plugin: interPodAffinity,
    pod: prefers('a', 1),
    nodes: ['a', 'b', 'c'].map(name => nodeOf(name)),
    on: { a: Array.from({ length: 100 }, () => podOf('a')), b: Array.from({ length: 71 }, () => podOf('a')) },
    scores: [0, 28, 100],
  },
  {
    name: 'distinguishes an empty value from a missing label',
    plugin: interPodAffinity,
    pod: podOf('p'),
    nodes: [nodeOf('a', { rack: '' }), nodeOf('b')],
    on: {
      a: [
        podOf('guard', {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'rack', labelSelector: { matchLabels: { app: 'p' } } }],
              preferredDuringSchedulingIgnoredDuringExecution: [
                { weight: 1, podAffinityTerm: { topologyKey: 'rack', labelSelector: { matchLabels: { app: 'p' } } } },
              ],
            },
          },
        }),
      ],
    },
    fits: 'b',
    scores: [0, 100],
  },
]
for (const { name, plugin, pod, on = {}, nodes = zones, workload, fits, scores } of rows) {
  test(`${plugin.name} ${name}`, () => {
    const selectors = workload === undefined ? [] : [{ matchLabels: { app: workload } }]
    const labelsOf = (namespace: string): Record<string, string> => (namespace === 'team' ? { team: 't' } : {})
    const cluster = new ClusterState(labelsOf, undefined, { selectorsOf: () => selectors })
    for (const node of nodes) cluster.setNode(node)
    for (const [node, pods] of Object.entries(on)) for (const other of pods) cluster.assume(other, node)
    const rules = plugin.prepare(pod, cluster)
    const infos = nodes.map(({ metadata }) => cluster.nodes.find(info => info.name === metadata.name)).filter(info => info !== undefined)
    const fitting = infos.filter(info => rules?.filter?.(info).fits ?? true).map(info => info.name)
    if (fits !== undefined) assert.equal(fitting.join(' '), fits)
    if (scores !== undefined) assert.deepEqual(rules?.scores?.(infos) ?? [], scores)
  })
}
