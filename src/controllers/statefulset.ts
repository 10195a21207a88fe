// Keeps the numbered pods of StatefulSets, each with its name and storage, and rolls them from the highest number down.
import { isReason } from '../api/status.ts'
import type { ControllerRevision, StatefulSet } from '../api/types/apps-v1.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { messageOf } from '../base/user-error.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { selects } from '../client/label-selector.ts'
import { keyOf } from '../client/object-key.ts'
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '../client/resources.ts'
import { applyClaim } from './claim.ts'
import { type Context, type Controller, done, follow, type Result } from './controller.ts'
import { deleteRevisions, keepHistory, planHistoryCleanup, templateOf } from './controller-revision.ts'
import { controllerOf, planOwnership } from './owner.ts'
import { isNamespaceEnding, unlessEnding } from './pod-control.ts'
import { canonical } from './pod-template-hash.ts'
import { nextAvailable } from './replica-plan.ts'
import { createClaims, keepClaimOwners, staleClaim } from './stateful-claims.ts'
import { planStatefulSet, planStatus, repaired, revisionOf, type StatefulStep, type StatefulView } from './stateful-plan.ts'
import { ordinalOf, podName, statefulPod } from './stateful-pod.ts'

/** On the revisions of StatefulSets. */
const hashLabel = 'controller.kubernetes.io/hash'

export const statefulSet: Controller = {
  name: 'statefulset-controller',
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
  const owner = { object: set, resource: statefulSets, selector, template, collisionCount: set.status?.collisionCount, hashLabel }
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
  let failure: unknown
  for (const step of planStatefulSet(view)) {
    try {
      await take(context, set, revisions, step, signal)
    } catch (err) {
      failure = err
      // In order, nothing may come after what failed; side by side, the others go on.
      if (set.spec.podManagementPolicy !== 'Parallel') break
    }
  }
  const status = planStatus(view, history.collisionCount)
  if (canonical(status) !== canonical(set.status)) await context.client.updateStatus(statefulSets, { ...set, status }, signal)
  if (failure !== undefined) throw failure
  const live = new Set([view.currentRevision, view.updateRevision, ...owned.map(revisionOf)])
  await deleteRevisions(context, planHistoryCleanup(history.all, live, hashLabel, set.spec.revisionHistoryLimit ?? 10), signal)
  const wait = nextAvailable(owned, set.spec.minReadySeconds ?? 0, clock.now())
  return wait === undefined ? done : { requeueAfterMs: wait }
}

async function take(context: Context, set: StatefulSet, revisions: Revisions, step: StatefulStep, signal: AbortSignal): Promise<void> {
  switch (step.step) {
    case 'create': {
      const revision = revisions[step.revision]
      const template = revision === revisions.update ? set.spec.template : (templateOf(revision) ?? set.spec.template)
      const stale = staleClaim(context, set, step.ordinal)
      if (stale !== undefined) throw new Error(`pvc ${stale} goes with a pod that is gone`)
      const pod = statefulPod(set, template, revision.metadata.name ?? '', step.ordinal)
      await write(context, set, 'create', podName(set, step.ordinal), signal, async client => {
        await createClaims(context, set, step.ordinal, signal)
        await client.create(pods, set.metadata.namespace ?? '', pod, signal)
      })
      return
    }
    case 'delete': {
      const { namespace = '', name = '', uid } = step.pod.metadata
      await keepClaimOwners(context, set, step.pod, step.ordinal, signal)
      await write(context, set, 'delete', name, signal, client =>
        client.delete(pods, namespace, name, uid === undefined ? {} : { uid }, signal),
      )
      return
    }
    case 'keep': {
      const isPending = step.pod.status?.phase === 'Pending'
      // It may wait for a claim that somebody deleted.
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
    // Done in a pass before, which the cache does not show yet.
    if (isReason(err, verb === 'create' ? 'AlreadyExists' : 'NotFound')) return
    if (!isNamespaceEnding(err) && !signal.aborted)
      events.record(reference, 'Warning', `Failed${reasons[verb]}`, `${subject} failed error: ${messageOf(err)}`)
    throw err
  }
}
