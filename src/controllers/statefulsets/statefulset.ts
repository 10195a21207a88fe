// Maintains the numbered pods of StatefulSets, each with its name and storage, and rolls them from the highest ordinal down.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import type { ControllerRevision, StatefulSet } from '../../api/types/apps-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import { selects } from '../../client/cache/label-selector.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '../../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from '../controller.ts'
import { deleteRevisions, keepHistory, planHistoryCleanup, templateOf } from '../controller-revision.ts'
import { controllerOf, planOwnership } from '../owner.ts'
import { inGrowingBatches, isNamespaceEnding, unlessEnding } from '../pod-control.ts'
import { canonical } from '../replicas/pod-template-hash.ts'
import { nextAvailable } from '../replicas/replica-plan.ts'
import { applyClaim } from '../volumes/claim.ts'
import { createClaims, hasStaleClaim, keepClaimOwners } from './stateful-claims.ts'
import {
  isOrdered,
  planStatefulSet,
  planStatus,
  repaired,
  revisionOf,
  type StatefulPlan,
  type StatefulStep,
  type StatefulView,
} from './stateful-plan.ts'
import { ordinalOf, podName, statefulPod } from './stateful-pod.ts'

/** Label on revisions of StatefulSets. */
const hashLabel = 'controller.kubernetes.io/hash'

export const statefulSet: Controller = {
  name: 'statefulset-controller',
  identity: {
    account: 'statefulset-controller',
    rules: [
      rule('list watch', 'core', 'pods'),
      rule(read, 'apps', 'statefulsets'),
      rule('update', 'apps', 'statefulsets/status'),
      rule('update', 'apps', 'statefulsets/finalizers'),
      rule('create delete get patch update', 'core', 'pods'),
      rule('create delete get list patch update watch', 'apps', 'controllerrevisions'),
      rule('create get list watch', 'core', 'persistentvolumeclaims'),
      recordEvents,
      rule('delete update', 'core', 'persistentvolumeclaims'),
      rule('update', 'core', 'pods/finalizers'),
    ],
  },
  watches: statefulSets,
  owns: [pods, controllerRevisions],
  follows: [follow({ resource: pods, keys: orphanKeys }), follow({ resource: persistentVolumeClaims, keys: () => [] })],
  begin(context) {
    const cache = context.informers.full(statefulSets)
    return async (key, signal) => {
      const set = cache.getByKey(key)
      return set === undefined ? done : unlessEnding(reconcile(context, set, signal))
    }
  },
}

function orphanKeys(pod: Pod, { informers }: Context): string[] {
  if (controllerOf(pod) !== undefined || pod.metadata.deletionTimestamp !== undefined) return []
  return informers
    .full(statefulSets)
    .list(pod.metadata.namespace)
    .filter(({ spec }) => selects(spec.selector, pod.metadata.labels))
    .map(keyOf)
}

interface Revisions {
  readonly current: ControllerRevision
  readonly update: ControllerRevision
}

async function reconcile(context: Context, set: StatefulSet, signal: AbortSignal): Promise<Result> {
  const { informers, clock } = context
  const { selector, template } = set.spec
  if (selector == null) return done
  const candidates = informers.full(pods).list(set.metadata.namespace)
  const isOwn = (pod: Pod) => selects(selector, pod.metadata.labels) && ordinalOf(set, pod) !== undefined
  const owned = await applyClaim(context, set, statefulSets, pods, planOwnership(set, candidates, isOwn), signal)
  if (set.metadata.deletionTimestamp !== undefined) return countEnding(context, set, owned, signal)
  // A count of 0 from the first pass on: a deleted revision is recreated with the same name.
  const collisionCount = set.status?.collisionCount ?? 0
  const owner = { object: set, resource: statefulSets, selector, template, collisionCount, hashLabel }
  const history = await keepHistory(context, owner, signal)
  const current = history.all.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? history.update
  const revisions = { current, update: history.update }
  const view: StatefulView = {
    set,
    pods: owned,
    currentRevision: current.metadata.name ?? '',
    updateRevision: history.update.metadata.name ?? '',
    now: clock.now(),
  }
  const pass: Pass = { context, set, revisions, replaced: [], requeueAfterMs: undefined }
  const problems = [await outcomeOf(run(pass, planStatefulSet(view), signal))]
  const status = planStatus(view, history.collisionCount, pass.replaced)
  if (canonical(status) !== canonical(set.status))
    problems.push(await outcomeOf(context.client.updateStatus(statefulSets, { ...set, status }, signal)))
  const live = new Set([view.currentRevision, view.updateRevision, ...owned.map(revisionOf)])
  const idle = planHistoryCleanup(history.all, live, hashLabel, set.spec.revisionHistoryLimit ?? 10)
  problems.push(await outcomeOf(deleteRevisions(context, idle, signal)))
  const problem = problems.find(each => each !== undefined)
  if (problem !== undefined) throw problem.err
  const waits = [nextAvailable(owned, set.spec.minReadySeconds ?? 0, clock.now()), pass.requeueAfterMs].filter(wait => wait !== undefined)
  return waits.length === 0 ? done : { requeueAfterMs: Math.min(...waits) }
}

/**
 * For a set that waits for its pods to be deleted or released: only the status. The garbage collector may have deleted its revisions before
 * its pods, and would delete a recreated one at once, until the pods are gone.
 */
async function countEnding(context: Context, set: StatefulSet, owned: readonly Pod[], signal: AbortSignal): Promise<Result> {
  const { currentRevision = '', updateRevision = '', collisionCount } = set.status ?? {}
  const status = planStatus({ set, pods: owned, currentRevision, updateRevision, now: context.clock.now() }, collisionCount, [])
  if (canonical(status) !== canonical(set.status)) await context.client.updateStatus(statefulSets, { ...set, status }, signal)
  return done
}

/** Failures, so that the rest of a pass is still done. */
async function outcomeOf(work: Promise<unknown>): Promise<{ readonly err: unknown } | undefined> {
  try {
    await work
    return undefined
  } catch (err) {
    return { err }
  }
}

interface Pass {
  readonly context: Context
  readonly set: StatefulSet
  readonly revisions: Revisions
  /** Pods that the rolling update ended. */
  readonly replaced: Pod[]
  /** Something must be deleted first for which there is no event here. */
  requeueAfterMs: number | undefined
}

/** A claim is deleted once the garbage collector has seen that its pod is gone. */
const staleClaimMs = 1_000

async function run(pass: Pass, plan: StatefulPlan, signal: AbortSignal): Promise<void> {
  await runPhase(pass, plan.replicas, signal)
  await runPhase(pass, plan.owners, signal)
  await runPhase(pass, plan.condemned, signal)
  for (const step of plan.update) {
    await take(pass, step, signal)
    if (step.step === 'delete') pass.replaced.push(step.pod)
  }
}

/** One after the other, or in growing batches; a failure ends the phase. */
async function runPhase(pass: Pass, steps: readonly StatefulStep[], signal: AbortSignal): Promise<void> {
  if (isOrdered(pass.set)) {
    for (const step of steps) await take(pass, step, signal)
    return
  }
  const { err } = await inGrowingBatches(steps.length, async index => {
    const step = steps[index]
    if (step !== undefined) await take(pass, step, signal)
  })
  if (err !== undefined) throw err
}

async function take(pass: Pass, step: StatefulStep, signal: AbortSignal): Promise<void> {
  const { context, set, revisions } = pass
  switch (step.step) {
    case 'create': {
      const revision = revisions[step.revision]
      const template = revision === revisions.update ? set.spec.template : (templateOf(revision) ?? set.spec.template)
      if (hasStaleClaim(context, set, step.ordinal)) {
        pass.requeueAfterMs = staleClaimMs
        return
      }
      const pod = statefulPod(set, template, revision.metadata.name ?? '', step.ordinal)
      await write(context, set, 'create', podName(set, step.ordinal), signal, async client => {
        await createClaims(context, set, step.ordinal, signal)
        await client.create(pods, set.metadata.namespace ?? '', pod, signal)
      })
      return
    }
    case 'delete': {
      const { namespace = '', name = '', uid } = step.pod.metadata
      await write(context, set, 'delete', name, signal, client =>
        client.delete(pods, namespace, name, uid === undefined ? {} : { uid }, signal),
      )
      return
    }
    case 'claims':
      await createClaims(context, set, step.ordinal, signal)
      return
    case 'owners':
      await keepClaimOwners(context, set, step.pod, step.ordinal, signal)
      return
    case 'keep': {
      const isPending = step.pod.status?.phase === 'Pending'
      if (isPending) await createClaims(context, set, step.ordinal, signal)
      const changed = await keepClaimOwners(context, set, step.pod, step.ordinal, signal)
      const wanted = repaired(set, step.pod, step.ordinal)
      if (wanted === undefined && (isPending || !changed)) return
      await write(context, set, 'update', podName(set, step.ordinal), signal, async client => {
        if (wanted === undefined) return
        await createClaims(context, set, step.ordinal, signal)
        await client.update(pods, wanted, signal)
      })
    }
  }
}

const reasons = { create: 'Create', delete: 'Delete', update: 'Update' } as const

async function write(
  { client, events }: Context,
  set: StatefulSet,
  verb: keyof typeof reasons,
  pod: string,
  signal: AbortSignal,
  act: (client: Context['client']) => Promise<unknown>,
): Promise<void> {
  const reference = referenceTo(set, 'apps/v1', 'StatefulSet')
  const subject = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`
  try {
    await act(client)
    events.record(reference, 'Normal', `Successful${reasons[verb]}`, `${subject} successful`)
  } catch (err) {
    if (verb !== 'create' && isReason(err, 'NotFound')) return
    // Created in an earlier pass, which the cache does not show yet; or it belongs to another owner, whose deletion causes no event here, so
    // retry.
    if (!isReason(err, 'AlreadyExists') && !isNamespaceEnding(err) && !signal.aborted)
      events.record(reference, 'Warning', `Failed${reasons[verb]}`, `${subject} failed error: ${messageOf(err)}`)
    throw err
  }
}
