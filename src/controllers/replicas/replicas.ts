// The shell around replica-plan for kinds with a number of equal pods: ReplicaSet and ReplicationController.
import type { KubeObject } from '../../api/object.ts'
import type { ReplicaSetCondition } from '../../api/types/apps-v1.ts'
import type { Pod, PodTemplateSpec } from '../../api/types/core-v1.ts'
import type { LabelSelector } from '../../api/types/meta-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { messageOf } from '../../base/user-error.ts'
import { selects } from '../../client/cache/label-selector.ts'
import { ownerIndex, ownerUids } from '../../client/cache/object-cache.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import type { ResourceRef } from '../../client/resource-ref.ts'
import { pods } from '../../client/resources.ts'
import { type Context, type Controller, type ControllerIdentity, done, follow, type Reconcile, type Result } from '../controller.ts'
import type { Expectations } from '../expectations.ts'
import { controllerOf, planOwnership } from '../owner.ts'
import { createPod, deleteExpected, deletePod, inGrowingBatches, isNamespaceEnding, podFromTemplate } from '../pod-control.ts'
import { expectPods } from '../pod-expectations.ts'
import { isActive } from '../pod-state.ts'
import { applyClaim } from '../volumes/claim.ts'
import { countReplicas, nextAvailable, planReplicas } from './replica-plan.ts'

interface ReplicaStatus {
  replicas: number
  fullyLabeledReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  observedGeneration?: number
  conditions?: ReplicaSetCondition[]
}

export interface Replicated extends KubeObject {
  spec: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec }
  status?: ReplicaStatus
}

export interface ReplicaKind<T extends Replicated> {
  readonly name: string
  readonly identity: ControllerIdentity
  readonly resource: ResourceRef<T>
  selectorOf(object: T): LabelSelector | undefined
  /** Pods of objects with the same owner, including the object's own. */
  related(object: T, context: Context): readonly Pod[]
}

export function replicaController<T extends Replicated>(kind: ReplicaKind<T>): Controller {
  return {
    name: kind.name,
    identity: kind.identity,
    watches: kind.resource,
    owns: [pods],
    follows: [follow({ resource: pods, keys: (pod, context) => orphanKeys(kind, pod, context) })],
    begin: context => begin(kind, context),
  }
}

/** A pod without a controller may be adopted by any object that selects it. */
function orphanKeys<T extends Replicated>(kind: ReplicaKind<T>, pod: Pod, { informers }: Context): string[] {
  if (controllerOf(pod) !== undefined || pod.metadata.deletionTimestamp !== undefined) return []
  return informers
    .full(kind.resource)
    .list(pod.metadata.namespace)
    .filter(object => selects(kind.selectorOf(object), pod.metadata.labels))
    .map(keyOf)
}

function begin<T extends Replicated>(kind: ReplicaKind<T>, context: Context): Reconcile {
  const cache = context.informers.full(kind.resource)
  context.informers.full(pods).addIndex(ownerIndex, ownerUids)
  const expectations = expectPods(context, kind.resource)
  return async (key, signal) => {
    const object = cache.getByKey(key)
    if (object === undefined) {
      expectations.forget(key)
      return done
    }
    return reconcile(kind, context, expectations, object, signal)
  }
}

async function reconcile<T extends Replicated>(
  kind: ReplicaKind<T>,
  context: Context,
  expectations: Expectations,
  object: T,
  signal: AbortSignal,
): Promise<Result> {
  const { clock, informers } = context
  const key = keyOf(object)
  const selector = kind.selectorOf(object)
  const trusted = expectations.fulfilled(key, clock.monotonic())
  const candidates = informers.full(pods).list(object.metadata.namespace).filter(isActive)
  const claim = planOwnership(object, candidates, pod => selects(selector, pod.metadata.labels))
  const owned = await applyClaim(context, object, kind.resource, pods, claim, signal)
  const failure =
    trusted && object.metadata.deletionTimestamp === undefined
      ? await manage(kind, context, expectations, object, owned, signal)
      : undefined
  const minReadySeconds = object.spec.minReadySeconds ?? 0
  const now = clock.now()
  const status = planStatus(object, owned, failure, now)
  if (status !== undefined) await context.client.updateStatus(kind.resource, { ...object, status }, signal)
  if (failure !== undefined) throw failure.err
  const wait = nextAvailable(owned, minReadySeconds, now)
  return wait === undefined ? done : { requeueAfterMs: wait }
}

interface Failure {
  readonly err: unknown
  readonly reason: 'FailedCreate' | 'FailedDelete'
}

async function manage<T extends Replicated>(
  kind: ReplicaKind<T>,
  context: Context,
  expectations: Expectations,
  object: T,
  owned: readonly Pod[],
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const key = keyOf(object)
  const now = context.clock.now()
  const plan = planReplicas(object.spec.replicas ?? 1, owned, kind.related(object, context), now)
  if (plan.plan === 'nothing') return undefined
  if (plan.plan === 'create') {
    const { template } = object.spec
    if (template === undefined) return undefined
    const pod = podFromTemplate(template, object, kind.resource)
    expectations.expect(key, { creations: plan.count }, context.clock.monotonic())
    const { succeeded, err } = await inGrowingBatches(plan.count, () => createPod(context, object, kind.resource, pod, signal))
    for (let i = succeeded; i < plan.count; i++) expectations.created(key)
    return err === undefined || isNamespaceEnding(err) ? undefined : { err, reason: 'FailedCreate' }
  }
  expectations.expect(key, { deletions: plan.pods.map(({ metadata }) => metadata.uid ?? '') }, context.clock.monotonic())
  const { err } = await deleteExpected(expectations, key, plan.pods, pod => deletePod(context, object, kind.resource, pod, signal))
  return err === undefined ? undefined : { err, reason: 'FailedDelete' }
}

/** The status to write; undefined if it is unchanged. */
function planStatus(object: Replicated, owned: readonly Pod[], failure: Failure | undefined, now: number): ReplicaStatus | undefined {
  const { spec, status: old } = object
  const counts = countReplicas(owned, spec.template?.metadata?.labels ?? {}, spec.minReadySeconds ?? 0, now)
  const observedGeneration = object.metadata.generation ?? 0
  const others = (old?.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure')
  const before = old?.conditions?.find(({ type }) => type === 'ReplicaFailure')
  const condition: ReplicaSetCondition | undefined =
    failure === undefined
      ? undefined
      : (before ?? {
          type: 'ReplicaFailure',
          status: 'True',
          lastTransitionTime: formatTime(now),
          reason: failure.reason,
          message: messageOf(failure.err),
        })
  const same =
    old !== undefined &&
    (old.replicas ?? 0) === counts.replicas &&
    (old.fullyLabeledReplicas ?? 0) === counts.fullyLabeledReplicas &&
    (old.readyReplicas ?? 0) === counts.readyReplicas &&
    (old.availableReplicas ?? 0) === counts.availableReplicas &&
    (old.observedGeneration ?? 0) === observedGeneration &&
    before === condition
  if (same) return undefined
  const conditions = condition === undefined ? others : [...others, condition]
  return { ...counts, observedGeneration, ...(conditions.length === 0 ? {} : { conditions }) }
}
