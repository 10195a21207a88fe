// A million schedules that try to bring pods of two trust domains onto one node.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domainOfNode, mayRunOn, podDomainAnnotation } from '../api/pods/trust-domain.ts'
import { randomOf } from '../base/data/random.ts'
import type { SchedulerPlugin } from './framework/framework.ts'
import { selectNode } from './framework/select-node.ts'
import { plugins } from './plugins/index.ts'
import { trustDomain } from './plugins/trust-domain.ts'
import { adversary, nodeCount, worldOf } from './trust-domains.testing.ts'

function attack(schedules: number, rules: readonly SchedulerPlugin[], seed: number): { placed: number; shared: number } {
  const random = randomOf(seed)
  let placed = 0
  let shared = 0
  let world = worldOf(random)
  for (let index = 0; index < schedules; index++) {
    if (index % 500 === 0) world = worldOf(random)
    const pod = adversary(random, index)
    const placement = selectNode(pod, world.cluster, rules, random, index)
    if (!placement.placed) continue
    placed++
    const node = world.nodes.find(({ metadata }) => metadata.name === placement.node)
    const neighbours = world.placed.filter(other => other.node === placement.node)
    if (!mayRunOn(pod, node) || neighbours.some(other => !mayRunOn(other.pod, node))) shared++
    world.placed.push({ pod, node: placement.node })
    world.cluster.assume(pod, placement.node)
    if (world.placed.length > 40) {
      const [gone] = world.placed.splice(0, 1)
      if (gone !== undefined) world.cluster.removePod(gone.pod)
    }
  }
  return { placed, shared }
}

test('no schedule of the whole scheduler brings two trust domains onto one node', () => {
  const { placed, shared } = attack(30_000, plugins, 1)
  assert.ok(placed > 7_000, `only ${placed} were placed`)
  assert.equal(shared, 0)
})

test('without the plug-in, the same schedules do', () => {
  const { shared } = attack(
    5_000,
    plugins.filter(plugin => plugin !== trustDomain),
    1,
  )
  assert.ok(shared > 1000, `only ${shared} shared a node`)
})

test('a million choices of a node by the rule alone all stay within the domain', () => {
  const random = randomOf(2)
  let { cluster } = worldOf(random)
  let fitting = 0
  for (let index = 0; index < 1_000_000 / nodeCount; index++) {
    if (index % 5000 === 0) ({ cluster } = worldOf(random))
    const pod = adversary(random, index)
    const rules = trustDomain.prepare(pod, cluster)
    for (const info of cluster.nodes) {
      const fits = rules?.filter?.(info).fits ?? true
      const domain = pod.metadata.annotations?.[podDomainAnnotation] ?? ''
      if (fits !== (domain === domainOfNode(info.node))) assert.fail(`${pod.metadata.name} on ${info.name}`)
      if (fits) fitting++
    }
  }
  assert.ok(fitting > 100_000)
})
