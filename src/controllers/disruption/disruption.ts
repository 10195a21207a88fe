// Maintains the status of PodDisruptionBudgets, which decides about evictions.

import type { Pod } from '../../api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../../api/types/policy-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import { selects } from '../../client/cache/label-selector.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { deployments, podDisruptionBudgets, pods, replicaSets, replicationControllers, statefulSets } from '../../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from '../controller.ts'
import { scaleOf } from '../controller-scale.ts'
import { goSelector } from '../go-selector.ts'
import { canonical } from '../replicas/pod-template-hash.ts'
import { disruptionController } from './disruption-identity.ts'
import { disruptedPods, expectedPods, failSafe, needsScales, planBudget } from './disruption-plan.ts'

const none = () => []

export const disruption: Controller = {
  name: 'disruption-controller',
  eventSource: 'controllermanager',
  identity: disruptionController,
  watches: podDisruptionBudgets,
  follows: [
    follow({
      resource: pods,
      keys: (pod, context, old) => {
        const budgets = context.informers.full(podDisruptionBudgets).list(pod.metadata.namespace)
        const selecting = ({ metadata }: Pod) => budgets.filter(({ spec }) => selects(spec.selector, metadata.labels))
        const now = selecting(pod)
        if (now.length > 1) reportSeveral(context, pod, now)
        return [...now, ...(old === undefined ? [] : selecting(old))].map(keyOf)
      },
    }),
    // Read for their scale; a change of it changes pods, which lead here.
    follow({ resource: deployments, keys: none }),
    follow({ resource: replicaSets, keys: none }),
    follow({ resource: replicationControllers, keys: none }),
    follow({ resource: statefulSets, keys: none }),
  ],
  begin(context) {
    const cache = context.informers.full(podDisruptionBudgets)
    return async (key, signal) => {
      const budget = cache.getByKey(key)
      return budget === undefined ? done : reconcile(context, budget, signal)
    }
  },
}

/** An eviction of such a pod is refused; the message is upstream's, which looks only at the first budget. */
function reportSeveral({ events }: Context, pod: Pod, [first]: readonly PodDisruptionBudget[]): void {
  const { namespace, name } = pod.metadata
  const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${first?.metadata.name}" arbitrarily.`
  events.record(referenceTo(pod, 'v1', 'Pod'), 'Warning', 'MultiplePodDisruptionBudgets', message)
}

async function reconcile(context: Context, budget: PodDisruptionBudget, signal: AbortSignal): Promise<Result> {
  const { client, clock, events, informers } = context
  const reference = referenceTo(budget, 'policy/v1', 'PodDisruptionBudget')
  const selected = informers
    .full(pods)
    .list(budget.metadata.namespace)
    .filter(({ metadata }) => selects(budget.spec.selector, metadata.labels))
  if (selected.length === 0) events.record(reference, 'Normal', 'NoPods', 'No matching pods found')
  const now = clock.now()
  let scale = 0
  try {
    if (needsScales(budget)) scale = await sumOfScales(context, budget, selected, signal)
  } catch (err) {
    if (signal.aborted) throw err
    events.record(
      reference,
      'Warning',
      'CalculateExpectedPodCountFailed',
      `Failed to calculate the number of expected pods: ${messageOf(err)}`,
    )
    const status = failSafe(budget, messageOf(err), now)
    if (canonical(status) !== canonical(budget.status)) await client.updateStatus(podDisruptionBudgets, { ...budget, status }, signal)
    throw err
  }
  const disrupted = disruptedPods(budget, selected, now)
  for (const pod of disrupted.notDeleted) {
    const message = `Pod was expected by PDB ${keyOf(budget)} to be deleted but it wasn't`
    events.record(referenceTo(pod, 'v1', 'Pod'), 'Warning', 'NotDeleted', message)
  }
  const status = planBudget(budget, selected, expectedPods(budget, selected, scale), disrupted.disruptedPods, now)
  if (canonical(status) !== canonical(budget.status)) await client.updateStatus(podDisruptionBudgets, { ...budget, status }, signal)
  return disrupted.waitMs === undefined ? done : { requeueAfterMs: disrupted.waitMs }
}

async function sumOfScales(context: Context, budget: PodDisruptionBudget, selected: readonly Pod[], signal: AbortSignal): Promise<number> {
  const scales = new Map<string, number>()
  let unmanaged = false
  for (const pod of selected) {
    const scale = await scaleOf(context, pod, signal)
    if (scale === undefined) unmanaged = true
    else scales.set(scale.uid, scale.replicas)
  }
  if (unmanaged) {
    const message =
      `Pods selected by this PodDisruptionBudget (selector: ${goSelector(budget.spec.selector ?? undefined)}) were found to be unmanaged. As a result, the status of the PDB ` +
      'cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" ' +
      'field of the PDB to an integer value.'
    context.events.record(referenceTo(budget, 'policy/v1', 'PodDisruptionBudget'), 'Warning', 'UnmanagedPods', message)
  }
  return [...scales.values()].reduce((total, replicas) => total + replicas, 0)
}
