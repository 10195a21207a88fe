// pods/eviction: a deletion that a PodDisruptionBudget may refuse.
import type { KubeObject } from '../../api/object.ts'
import { compileLabelSelector } from '../../api/selector.ts'
import { badRequest, notFound, tooManyRequests } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Eviction, PodDisruptionBudget } from '../../api/types/policy-v1.ts'
import { decodeBody } from '../decode.ts'
import { deleteObject } from '../delete-object.ts'
import { isDryRun } from '../dry-run.ts'
import { plainFailure } from '../plain-failure.ts'
import type { ResourceContext } from '../request-context.ts'
import type { ResourceHandler } from '../resource-verbs.ts'
import { valueReply } from '../respond.ts'
import { updateObject } from '../update-object.ts'
import type { SubresourceParts } from './index.ts'

const kind = { group: 'policy', version: 'v1', kind: 'Eviction' }

export function eviction(parts: Pick<SubresourceParts, 'writeParts' | 'resources'>): ResourceHandler {
  return async context => {
    const { served, info } = context
    const request = (await decodeBody(context, kind)) as Eviction
    const named = request.metadata.name
    if (named && named !== info.name) throw badRequest('name in URL does not match name in Eviction object')
    const options = request.deleteOptions
    const dryRun = isDryRun(options?.dryRun ?? context.query.all('dryRun'), 'DeleteOptions')
    const entry = served.collection.newest(info.namespace, info.name)
    if (entry === undefined) throw notFound(served.named, info.name)
    const pod = entry.object as Pod
    const budgetFreed = mayIgnoreBudget(pod) ? undefined : await takeFromBudget(parts, context, pod, dryRun)
    await deleteObject(parts.writeParts, { ...context, info: { ...info, subresource: 'eviction' } }, info.name, {
      dryRun,
      graceSeconds: options?.gracePeriodSeconds,
      propagation: undefined,
      uid: options?.preconditions?.uid,
      resourceVersion: options?.preconditions?.resourceVersion,
    })
    if (budgetFreed) context.annotate('bulkhead.dev/disruption-budget', budgetFreed)
    return valueReply(context, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201)
  }
}

/** A pod that is over, waits for a node or goes already disrupts nothing. */
function mayIgnoreBudget({ status, metadata }: Pod): boolean {
  const phase = status?.phase
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || metadata.deletionTimestamp !== undefined
}

/** Counts the eviction against the budget that covers the pod. Throws the 429 where nothing is left. Returns the budget's name. */
async function takeFromBudget(
  parts: Pick<SubresourceParts, 'writeParts' | 'resources'>,
  context: ResourceContext,
  pod: Pod,
  dryRun: boolean,
): Promise<string | undefined> {
  const budgets = parts.resources.byGroupResource('poddisruptionbudgets.policy')
  if (budgets === undefined) return undefined
  const covering = budgets.collection
    .list({ namespace: context.info.namespace })
    .entries.map(entry => entry.object as PodDisruptionBudget)
    .filter(budget => compileLabelSelector(budget.spec?.selector).matches(pod.metadata.labels))
  const [budget, second] = covering
  if (budget === undefined) return undefined
  if (second !== undefined) {
    throw plainFailure(500, 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.')
  }
  const name = budget.metadata.name ?? ''
  await updateObject(
    parts.writeParts,
    { ...context, served: budgets, info: { ...context.info, served: budgets, name, subresource: 'status' } },
    {
      namespace: context.info.namespace,
      name,
      subresource: 'status',
      dryRun,
      strategy: {},
      next: old => disrupted(structuredClone(old), pod.metadata.name ?? '', new Date(context.now).toISOString()),
    },
  )
  return name
}

function disrupted(object: KubeObject, podName: string, now: string): KubeObject {
  const budget = object as PodDisruptionBudget
  const { status } = budget
  const name = budget.metadata.name ?? ''
  if ((status?.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw refusal(`The disruption budget ${name} is still being processed by the server.`, name, 10)
  }
  const allowed = status?.disruptionsAllowed ?? 0
  if (status === undefined || allowed <= 0) {
    const detail = `The disruption budget ${name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`
    throw refusal(detail, name, undefined)
  }
  status.disruptionsAllowed = allowed - 1
  status.disruptedPods = { ...status.disruptedPods, [podName]: `${now.slice(0, 19)}Z` }
  return budget
}

function refusal(message: string, budget: string, retryAfterSeconds: number | undefined): Error {
  const error = tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfterSeconds ?? 0)
  error.status.details = {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(budget === '' || retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
  return error
}
