import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from '../../api/types/policy-v1.ts'
import { events, podDisruptionBudgets, pods, replicaSets } from '../../client/resources.ts'
import { controllerReference } from '../owner.ts'
import { startScenario } from '../scenario.testing.ts'
import { disruption } from './disruption.ts'
import { disruptedPods, expectedPods, planBudget } from './disruption-plan.ts'
import { staleDisruption } from './stale-disruption.ts'

const now = Date.UTC(2026, 0, 1)
const labels = { app: 'a' }
const budgetOf = (spec: PodDisruptionBudgetSpec): PodDisruptionBudget => ({
  metadata: { name: 'b', namespace: 'ns', generation: 1 },
  spec: { selector: { matchLabels: labels }, ...spec },
})
const podOf = (name: string, ready = true): Pod => ({
  metadata: { name, namespace: 'ns', labels },
  spec: { containers: [] },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

const rows: readonly {
  name: string
  spec: PodDisruptionBudgetSpec
  pods: readonly boolean[]
  scale: number
  allowed: number
  desired: number
}[] = [
  { name: 'a number that must stay', spec: { minAvailable: 2 }, pods: [true, true, true], scale: 0, allowed: 1, desired: 2 },
  { name: 'a number, one being down', spec: { minAvailable: 2 }, pods: [true, true, false], scale: 0, allowed: 0, desired: 2 },
  { name: 'a share that must stay, rounded up', spec: { minAvailable: '50%' }, pods: [true, true, true], scale: 3, allowed: 1, desired: 2 },
  { name: 'a number that may go', spec: { maxUnavailable: 1 }, pods: [true, true, true], scale: 3, allowed: 1, desired: 2 },
  {
    name: 'a number that may go, of more than there are',
    spec: { maxUnavailable: 1 },
    pods: [true, true],
    scale: 3,
    allowed: 0,
    desired: 2,
  },
  { name: 'a share that may go', spec: { maxUnavailable: '30%' }, pods: [true, true, true], scale: 3, allowed: 1, desired: 2 },
  { name: 'no pods', spec: { maxUnavailable: 1 }, pods: [], scale: 0, allowed: 0, desired: 0 },
  { name: 'neither', spec: {}, pods: [true], scale: 0, allowed: 0, desired: 0 },
]
for (const { name, spec, pods: ready, scale, allowed, desired } of rows) {
  test(`planBudget() with ${name} allows ${allowed}`, () => {
    const budget = budgetOf(spec)
    const selected = ready.map((each, index) => podOf(`p${index}`, each))
    const status = planBudget(budget, selected, expectedPods(budget, selected, scale), {}, now)
    assert.deepEqual([status.disruptionsAllowed, status.desiredHealthy], [allowed, desired])
    assert.equal(status.conditions?.[0]?.reason, allowed > 0 ? 'SufficientPods' : 'InsufficientPods')
  })
}

test('planBudget() does not count a pod whose eviction was allowed, until it is overdue', () => {
  const evicted = { p0: new Date(now).toISOString() }
  const budget = { ...budgetOf({ minAvailable: 1 }) }
  budget.status = { disruptedPods: evicted, disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
  const selected = [podOf('p0'), podOf('p1')]
  const soon = disruptedPods(budget, selected, now + 1000)
  assert.deepEqual([soon.disruptedPods, soon.waitMs], [evicted, 119_000])
  assert.equal(planBudget(budget, selected, { expected: 2, desiredHealthy: 1 }, soon.disruptedPods, now).disruptionsAllowed, 0)
  const late = disruptedPods(budget, selected, now + 120_000)
  assert.deepEqual([late.disruptedPods, late.notDeleted.length], [{}, 1])
})

test('disruptedPods() counts an eviction of the future from now: its time does not hold up others for longer', () => {
  const budget = budgetOf({ minAvailable: 1 })
  const disrupted = { p0: '9999-01-01T00:00:00Z' }
  budget.status = { disruptedPods: disrupted, disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
  const seen = disruptedPods(budget, [podOf('p0'), podOf('p1')], now)
  assert.deepEqual([seen.disruptedPods, seen.waitMs], [{ p0: '2026-01-01T00:00:00Z' }, 120_000])
})

test('disruption counts the pods that controllers request, and allows nothing if a controller cannot be found', async () => {
  await using scenario = startScenario({
    controllers: [disruption],
    prepare(api) {
      const template = { metadata: { labels }, spec: { containers: [] } }
      const set = api.seed(replicaSets, { metadata: { name: 'r', namespace: 'ns' }, spec: { replicas: 3, selector: {}, template } })
      for (const name of ['p0', 'p1', 'p2']) {
        const pod = podOf(name)
        api.seed(pods, { ...pod, metadata: { ...pod.metadata, ownerReferences: [controllerReference(set, replicaSets)] } })
      }
      api.seed(podDisruptionBudgets, budgetOf({ maxUnavailable: 1 }))
    },
  })
  const { api } = scenario
  const status = () => api.read(podDisruptionBudgets, 'ns', 'b')?.status
  await scenario.until(() => status()?.disruptionsAllowed === 1, 'one disruption')
  assert.deepEqual([status()?.expectedPods, status()?.currentHealthy], [3, 3])
  api.remove(replicaSets, 'ns', 'r')
  api.remove(pods, 'ns', 'p2')
  await scenario.until(() => status()?.conditions?.[0]?.reason === 'SyncFailed', 'failure')
  assert.equal(status()?.disruptionsAllowed, 0)
  api.change(podDisruptionBudgets, 'ns', 'b', ({ metadata }) => {
    metadata.generation = 2
  })
  await scenario.until(() => api.all(events).filter(({ reason }) => reason === 'CalculateExpectedPodCountFailed').length > 0, 'the event')
  assert.deepEqual([status()?.observedGeneration, status()?.conditions?.[0]?.observedGeneration], [1, 1])
})

test('disruption names the selector of pods without a controller', async () => {
  await using scenario = startScenario({
    controllers: [disruption],
    prepare(api) {
      api.seed(pods, podOf('p'))
      api.seed(podDisruptionBudgets, budgetOf({ maxUnavailable: 1 }))
    },
  })
  const said = () => scenario.api.all(events).find(({ reason }) => reason === 'UnmanagedPods')?.message
  await scenario.until(() => said() !== undefined, 'the event')
  assert.match(
    said() ?? '',
    /\(selector: &LabelSelector\{MatchLabels:map\[string\]string\{app: a,\},MatchExpressions:\[\]LabelSelectorRequirement\{\},\}\)/,
  )
})

test('disruption reports a pod that several budgets select, as the controller manager', async () => {
  await using scenario = startScenario({
    controllers: [disruption],
    prepare(api) {
      for (const name of ['b', 'c'])
        api.seed(podDisruptionBudgets, { ...budgetOf({ minAvailable: 1 }), metadata: { name, namespace: 'ns', generation: 1 } })
    },
  })
  const { api } = scenario
  await scenario.until(() => api.all(events).filter(({ reason }) => reason === 'NoPods').length === 2, 'both are looked at')
  api.seed(pods, podOf('p'))
  const said = () => api.all(events).find(({ reason }) => reason === 'MultiplePodDisruptionBudgets')
  await scenario.until(() => said() !== undefined, 'the event')
  assert.equal(said()?.message, 'Pod "ns"/"p" matches multiple PodDisruptionBudgets.  Chose "b" arbitrarily.')
  assert.deepEqual([said()?.source?.component, said()?.involvedObject.kind], ['controllermanager', 'Pod'])
  api.change(pods, 'ns', 'p', ({ metadata }) => {
    metadata.labels = {}
  })
  const without = (name: string) => api.read(podDisruptionBudgets, 'ns', name)?.status?.expectedPods === 0
  await scenario.until(() => without('b') && without('c'), 'both are looked at again')
})

test("staleDisruption removes a condition that had no effect, but not a node's condition", async () => {
  const marked = (reason: string) => ({
    conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'm', lastTransitionTime: '2020-01-01T00:00:00Z' }],
  })
  await using scenario = startScenario({
    controllers: [staleDisruption],
    prepare(api) {
      api.seed(pods, { ...podOf('by-node'), status: marked('TerminationByKubelet') })
      api.seed(pods, { ...podOf('p'), status: marked('EvictionByEvictionAPI') })
    },
  })
  const read = (name: string) => scenario.api.read(pods, 'ns', name)?.status?.conditions?.[0]
  await scenario.until(() => read('p')?.status === 'False', 'False')
  assert.deepEqual([read('p')?.reason ?? undefined, read('p')?.message ?? undefined], [undefined, undefined])
  assert.equal(read('by-node')?.status, 'True')
})
