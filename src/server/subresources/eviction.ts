// pods/eviction: a deletion that a PodDisruptionBudget may refuse.
import { ApiError, badRequest, isReason, notFound } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Eviction, PodDisruptionBudget } from '../../api/types/policy-v1.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { valueReply } from '../answers/respond.ts'
import type { Reply } from '../http/exchange.ts'
import { checkDeletionPreconditions, deleteObject } from '../objects/delete-object.ts'
import { allowsUnreadyEviction, budgetNotObserved, covers, withEviction } from '../objects/disruption-budget.ts'
import { matchNamespace } from '../objects/object-meta.ts'
import { withPodCondition } from '../objects/pod-condition.ts'
import { updateObject } from '../objects/update-object.ts'
import type { AdmissionChain } from '../objects/write-parts.ts'
import { decodeBody } from '../request/decode.ts'
import { type Deletion, validateDeleteOptions } from '../request/delete-options.ts'
import { isDryRun } from '../request/dry-run.ts'
import { createOptions } from '../request/operation-options.ts'
import type { ResourceContext, ResourceHandler } from '../request/request-context.ts'
import type { SubresourceParts } from './index.ts'

const kind = { group: 'policy', version: 'v1', kind: 'Eviction' }
const attempts = 5

type Parts = Pick<SubresourceParts, 'writeParts' | 'resources'>

/** The budgets' decision about an eviction. */
type Permission =
  /** `name` is that of the budget that it was counted against. */
  | { readonly outcome: 'counted'; readonly name: string }
  /** The pod may be evicted if it has not changed: not ready. `name` is that of the budget that covers it. */
  | { readonly outcome: 'while-unready'; readonly name: string }
  | { readonly outcome: 'free' }
  | { readonly outcome: 'ambiguous' }

export function eviction(parts: Parts): ResourceHandler {
  return async context => {
    const { info } = context
    const request = (await decodeBody(context, kind)) as Eviction
    matchNamespace(request.metadata, info.namespace, true)
    if (request.metadata.name !== info.name) throw badRequest('name in URL does not match name in Eviction object')
    const deletion = deletionOf(request, context)
    await admit(parts.writeParts.admission, context, request, deletion.dryRun)
    if (await evictUnguarded(parts, context, deletion)) return evicted(context)
    await evictAsPermitted(parts, context, deletion)
    return evicted(context)
  }
}

/** The budgets are asked about one pod: another of its name, which may have other labels, is asked about again. */
async function evictAsPermitted(parts: Parts, context: ResourceContext, deletion: Deletion): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const pod = currentPod(context)
    const permission = await ask(parts, context, pod, deletion.dryRun)
    if (permission.outcome === 'ambiguous') throw ambiguous()
    if (permission.outcome === 'counted') context.annotate('bulkhead.dev/disruption-budget', permission.name)
    if (permission.outcome === 'while-unready') return await evictUnready(parts, context, pod, deletion, permission.name)
    try {
      return await evict(parts, context, { ...deletion, uid: deletion.uid ?? pod.metadata.uid })
    } catch (err) {
      const isReplaced = isReason(err, 'Conflict') && currentPod(context).metadata.uid !== pod.metadata.uid
      if (!isReplaced || deletion.uid !== undefined || attempt >= attempts) throw err
    }
  }
}

/** As upstream, the eviction is admitted before the pod is read; the deletion that follows is admitted separately. */
async function admit(admission: AdmissionChain, context: ResourceContext, object: Eviction, dryRun: boolean): Promise<void> {
  const { served, info, user, request, warn, annotate } = context
  const asked = {
    ...{
      operation: 'CREATE' as const,
      resource: served.definition,
      subresource: info.subresource,
      namespace: info.namespace,
      name: info.name,
    },
    ...{ object, oldObject: undefined, user, dryRun, warn, annotate, options: createOptions(context) },
  }
  await admission.mutate(asked, request.signal)
  await admission.validate(asked, request.signal)
}

function deletionOf({ deleteOptions: options }: Eviction, { query }: ResourceContext): Deletion {
  if (options !== undefined) validateDeleteOptions(options)
  const own = options?.dryRun ?? []
  const policy = options?.propagationPolicy
  return {
    dryRun: isDryRun(own.length > 0 ? own : query.all('dryRun')),
    graceSeconds: options?.gracePeriodSeconds,
    propagation: policy === 'Orphan' || policy === 'Background' || policy === 'Foreground' ? policy : undefined,
    uid: options?.preconditions?.uid,
    resourceVersion: options?.preconditions?.resourceVersion,
  }
}

function currentPod({ served, info }: ResourceContext): Pod {
  const entry = served.collection.newest(info.namespace, info.name)
  if (entry === undefined) throw notFound(served.named, info.name)
  return entry.object as Pod
}

/** A finished, pending or terminating pod disrupts nothing. */
function mayIgnoreBudget({ status, metadata }: Pod): boolean {
  return isOver(status?.phase) || status?.phase === 'Pending' || metadata.deletionTimestamp !== undefined
}

function isOver(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

function evicted(context: ResourceContext): Reply {
  return valueReply(context, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201)
}

/** As upstream, without a reason: only the authors of the budgets can change it. */
function ambiguous(): ApiError {
  const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}

/** Whether the pod was covered by no budget, and was deleted. A pending pod must not become ready between the check and the deletion. */
async function evictUnguarded(parts: Parts, context: ResourceContext, deletion: Deletion): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const pod = currentPod(context)
    if (!mayIgnoreBudget(pod)) return false
    const { status, metadata } = pod
    const fixed = deletion.resourceVersion === undefined && !isOver(status?.phase) && metadata.deletionTimestamp === undefined
    try {
      await evict(parts, context, fixed ? { ...deletion, resourceVersion: metadata.resourceVersion } : deletion)
      return true
    } catch (err) {
      if (deletion.resourceVersion !== undefined || attempt >= attempts || !isReason(err, 'Conflict')) throw err
    }
  }
}

async function evictUnready(parts: Parts, context: ResourceContext, pod: Pod, deletion: Deletion, budget: string): Promise<void> {
  try {
    await evict(parts, context, { ...deletion, resourceVersion: pod.metadata.resourceVersion })
  } catch (err) {
    // The client named no version, so it can just try again.
    throw isReason(err, 'Conflict') && deletion.resourceVersion === undefined ? budgetNotObserved(budget) : err
  }
}

/** Sets the reason in the pod's conditions, and deletes it. */
async function evict(parts: Parts, context: ResourceContext, deletion: Deletion): Promise<void> {
  const { info } = context
  let { resourceVersion } = deletion
  if (!deletion.dryRun) {
    const written = await updateObject(
      parts.writeParts,
      { ...context, info: { ...info, subresource: 'status' } },
      {
        namespace: info.namespace,
        name: info.name,
        subresource: 'status',
        dryRun: false,
        isUpkeep: true,
        async next(old) {
          const pod = copyJson(old) as Pod
          checkDeletionPreconditions(context.served.definition, pod, deletion)
          // Other writes to the pod are no reason not to evict it.
          delete pod.metadata.resourceVersion
          const reason = { reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' }
          const conditions = withPodCondition(pod, { type: 'DisruptionTarget', status: 'True', ...reason }, context.now)
          return { ...pod, status: { ...pod.status, conditions } }
        },
      },
    )
    if (resourceVersion !== undefined) resourceVersion = written.object.metadata.resourceVersion
  }
  await deleteObject(parts.writeParts, { ...context, info: { ...info, subresource: 'eviction' } }, info.name, {
    ...deletion,
    resourceVersion,
  })
}

/** Finds the budget that covers the pod, and counts the eviction against it. Throws the 429 if none is allowed. */
async function ask(parts: Parts, context: ResourceContext, pod: Pod, dryRun: boolean): Promise<Permission> {
  const budgets = parts.resources.byGroupResource('poddisruptionbudgets.policy')
  if (budgets === undefined) return { outcome: 'free' }
  const covering = budgets.collection
    .list({ namespace: context.info.namespace })
    .entries.map(entry => entry.object as PodDisruptionBudget)
    .filter(budget => covers(budget, pod))
  const [budget] = covering
  if (budget === undefined) return { outcome: 'free' }
  if (covering.length > 1) return { outcome: 'ambiguous' }
  const name = budget.metadata.name ?? ''
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  if (!ready && allowsUnreadyEviction(budget)) return { outcome: 'while-unready', name }
  await updateObject(
    parts.writeParts,
    { ...context, served: budgets, info: { ...context.info, served: budgets, name, subresource: 'status' } },
    {
      namespace: context.info.namespace,
      name,
      subresource: 'status',
      dryRun,
      isUpkeep: true,
      async next(old) {
        const newest = copyJson(old) as PodDisruptionBudget
        // Replaced by another of its name since the list, or about other pods.
        if (newest.metadata.uid !== budget.metadata.uid || !covers(newest, pod)) throw budgetNotObserved(name)
        const counted = withEviction(newest, pod.metadata.name ?? '', context.now)
        delete counted.metadata.resourceVersion
        return counted
      },
    },
  )
  return { outcome: 'counted', name }
}
