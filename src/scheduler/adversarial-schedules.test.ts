// A million schedules that try to bring pods of two trust domains onto one node, while pods end and nodes change their domain, against an
// oracle that is independent of the product.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeDomainLabel, podDomainAnnotation } from '../api/pods/trust-domain.ts'
import type { Node, Pod } from '../api/types/core-v1.ts'
import { misplaced, sharedNodes } from '../assess/oracles/co-residency.ts'
import { ClusterState } from './framework/cluster-state.ts'
import type { SchedulerPlugin } from './framework/framework.ts'
import { selectNode } from './framework/select-node.ts'
import { plugins } from './plugins/index.ts'
import { nodeAffinity } from './plugins/node-affinity.ts'
import { nodeName } from './plugins/node-name.ts'
import { taintToleration } from './plugins/taint-toleration.ts'
import { trustDomain } from './plugins/trust-domain.ts'

const domains = ['', 'a', 'b', 'c']
const nodeCount = 8

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface World {
  readonly cluster: ClusterState
  readonly nodes: Node[]
  readonly placed: { pod: Pod; node: string }[]
}

function worldOf(random: () => number): World {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const nodes = Array.from({ length: nodeCount }, (_, index): Node => {
    const domain = pick(domains)
    return {
      metadata: { name: `n${index}`, labels: { zone: pick(['x', 'y']), ...(domain === '' ? {} : { [nodeDomainLabel]: domain }) } },
      spec: random() < 0.3 ? { taints: [{ key: 'dedicated', value: domain, effect: 'NoSchedule' }] } : {},
      status: { allocatable: { cpu: '100', memory: '100Gi', pods: '100' } },
    }
  })
  const cluster = new ClusterState()
  for (const node of nodes) cluster.setNode(node)
  return { cluster, nodes, placed: [] }
}

/** A pod that tries to leave its trust domain in every way that a pod has. */
function adversary(random: () => number, index: number): Pod {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const domain = pick(domains)
  const wanted = `n${Math.floor(random() * nodeCount)}`
  const byName = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [wanted] }] }
  const byDomain = { matchExpressions: [{ key: nodeDomainLabel, operator: 'In', values: [pick(domains)] }] }
  const others = { labelSelector: {}, namespaceSelector: {}, topologyKey: pick(['zone', 'kubernetes.io/hostname']) }
  return {
    metadata: {
      ...{ name: `p${index}`, uid: `p${index}`, namespace: `ns-${domain}` },
      annotations: domain === '' ? {} : { [podDomainAnnotation]: domain },
    },
    spec: {
      containers: [{ name: 'c', resources: { requests: { cpu: '10m' } } }],
      ...(random() < 0.5 ? { tolerations: [{ operator: 'Exists' }] } : {}),
      ...(random() < 0.3 ? { nodeName: wanted } : {}),
      ...(random() < 0.3 ? { nodeSelector: { [nodeDomainLabel]: pick(domains) } } : {}),
      affinity: {
        ...(random() < 0.3
          ? { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [pick([byName, byDomain])] } } }
          : {}),
        ...(random() < 0.1 ? { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [others] } } : {}),
      },
    },
  }
}

interface Outcome {
  readonly placed: number
  /** What the oracle found. */
  readonly faults: readonly string[]
}

/**
 * Schedules adversaries while pods are deleted but still run, pods end, and nodes that are empty just now change their domain: the next pod
 * may be of the domain that has just gone.
 */
function attack(schedules: number, rules: readonly SchedulerPlugin[], seed: number): Outcome {
  const random = randomOf(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const faults: string[] = []
  let placed = 0
  let world = worldOf(random)
  for (let index = 0; index < schedules; index++) {
    if (index % 500 === 0) world = worldOf(random)
    const chance = random()
    if (chance < 0.3) terminate(world, random)
    else if (chance < 0.35) relabel(world, Math.floor(random() * nodeCount), pick(domains))
    const pod = adversary(random, index)
    const placement = selectNode(pod, world.cluster, rules, random, index)
    if (!placement.placed) continue
    placed++
    const bound = { ...pod, spec: { ...pod.spec, nodeName: placement.node } }
    const node = world.nodes.filter(({ metadata }) => metadata.name === placement.node)
    const neighbours = world.placed.filter(other => other.node === placement.node).map(other => other.pod)
    faults.push(...misplaced(node, [bound]), ...sharedNodes([...neighbours, bound]))
    world.placed.push({ pod: bound, node: placement.node })
    world.cluster.assume(pod, placement.node)
    if (world.placed.length > 40) end(world, 0)
  }
  return { placed, faults }
}

/** Deletes a pod, which goes on running, or ends one that was deleted before. */
function terminate(world: World, random: () => number): void {
  const index = Math.floor(random() * world.placed.length)
  const entry = world.placed[index]
  if (entry === undefined) return
  if (entry.pod.metadata.deletionTimestamp !== undefined) {
    end(world, index)
    return
  }
  const metadata = { ...entry.pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
  world.placed[index] = { ...entry, pod: { ...entry.pod, metadata } }
}

function end(world: World, index: number): void {
  const [gone] = world.placed.splice(index, 1)
  if (gone !== undefined) world.cluster.removePod(gone.pod)
}

/** As the API server allows it: only without a pod that runs. */
function relabel(world: World, index: number, domain: string): void {
  const node = world.nodes[index]
  if (node === undefined || world.placed.some(other => other.node === node.metadata.name)) return
  const { [nodeDomainLabel]: _before, ...labels } = node.metadata.labels ?? {}
  const changed: Node = {
    ...node,
    metadata: { ...node.metadata, labels: domain === '' ? labels : { ...labels, [nodeDomainLabel]: domain } },
  }
  world.nodes[index] = changed
  world.cluster.setNode(changed)
}

test('the whole scheduler brings no two trust domains onto one node', () => {
  const { placed, faults } = attack(10_000, plugins, 1)
  assert.ok(placed > 2_000, `only ${placed} were placed`)
  assert.deepEqual(faults, [])
})

/** Those that filter by what an adversary can write. */
const filters = [trustDomain, nodeName, nodeAffinity, taintToleration]

test('a million adversarial schedules, with pods that end and nodes that change their domain, never share a node', () => {
  const { placed, faults } = attack(1_000_000, filters, 3)
  assert.ok(placed > 250_000, `only ${placed} were placed`)
  assert.deepEqual(faults, [])
})

test('without the plug-in, the same schedules do', () => {
  const { faults } = attack(
    5_000,
    plugins.filter(plugin => plugin !== trustDomain),
    1,
  )
  assert.ok(faults.length > 1000, `only ${faults.length} shared a node`)
})
