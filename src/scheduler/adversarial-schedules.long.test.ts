// A million schedules that try to bring pods of two trust domains onto one node, while pods end and nodes change their domain, against an
// oracle that is independent of the product.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeDomainLabel } from '../api/pods/trust-domain.ts'
import type { Node } from '../api/types/core-v1.ts'
import { sharedNodes, strayPods } from '../assess/oracles/trust-domain.ts'
import { randomOf } from '../base/data/random.ts'
import type { SchedulerPlugin } from './framework/framework.ts'
import { selectNode } from './framework/select-node.ts'
import { plugins } from './plugins/index.ts'
import { nodeAffinity } from './plugins/node-affinity.ts'
import { nodeName } from './plugins/node-name.ts'
import { taintToleration } from './plugins/taint-toleration.ts'
import { trustDomain } from './plugins/trust-domain.ts'
import { adversary, domains, nodeCount, type World, worldOf } from './trust-domains.testing.ts'

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
    faults.push(...strayPods([bound], node), ...sharedNodes([...neighbours, bound]))
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
