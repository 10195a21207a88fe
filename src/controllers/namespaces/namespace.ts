// Empties a namespace that is being deleted and then removes its finalizer.

import type { KubeObject } from '../../api/object.ts'
import { rule } from '../../api/policy-rule.ts'
import { ApiError, isReason } from '../../api/status.ts'
import type { Namespace } from '../../api/types/core-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import { discover, type ServedResource } from '../../client/discovery.ts'
import { refName } from '../../client/resource-ref.ts'
import { namespaces, pods } from '../../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from '../controller.ts'
import { type ContentReport, isWithinGrace, planConditions, unexpectedlyThere } from './namespace-conditions.ts'

/** Content that may stay indefinitely (finalizers of others) is checked again after this. */
const recheckMs = 1000

export const namespace: Controller = {
  name: 'namespace-controller',
  identity: {
    account: 'namespace-controller',
    rules: [
      rule('delete get list watch', 'core', 'namespaces'),
      rule('update', 'core', 'namespaces/finalize namespaces/status'),
      rule('delete deletecollection get list watch', '*', '*'),
    ],
  },
  watches: namespaces,
  // Most deletions wait for the last pod to end.
  follows: [follow({ resource: pods, keys: (pod, context) => endingNamespace(pod, context) })],
  begin(context) {
    const cache = context.informers.full(namespaces)
    return async (key, signal) => {
      const object = cache.getByKey(key)
      if (object?.metadata.deletionTimestamp === undefined) return done
      return empty(context, object, signal)
    }
  },
}

function endingNamespace({ metadata }: KubeObject, { informers }: Context): string[] {
  const name = metadata.namespace ?? ''
  const ending = informers.full(namespaces).getByKey(name)?.metadata.deletionTimestamp !== undefined
  return ending ? [name] : []
}

async function empty(context: Context, object: Namespace, signal: AbortSignal): Promise<Result> {
  const { client, clock } = context
  const name = object.metadata.name ?? ''
  if (!(object.spec?.finalizers ?? []).includes('kubernetes')) return done
  const report = await deleteContent(context, object, signal)
  const conditions = planConditions(object.status?.conditions ?? [], report, clock.now())
  let current = object
  const before = object.status?.conditions ?? []
  const changed = conditions.length !== before.length || conditions.some((condition, index) => condition !== before[index])
  try {
    if (changed || object.status?.phase !== 'Terminating') {
      current = await client.updateStatus(namespaces, { ...object, status: { ...object.status, phase: 'Terminating', conditions } }, signal)
    }
    if (report.remaining.length > 0 || report.deletionFailures.length > 0 || report.discoveryFailures.length > 0)
      return { requeueAfterMs: recheckMs }
    const finalizers = (current.spec?.finalizers ?? []).filter(finalizer => finalizer !== 'kubernetes')
    await client.subresource('PUT', namespaces, '', name, 'finalize', { ...current, spec: { ...current.spec, finalizers } }, signal)
  } catch (err) {
    if (!isReason(err, 'NotFound')) throw err
  }
  return done
}

/** Pods first, and everything else only once they are gone (KEP-5080): a policy must not be deleted before what it restricts. */
async function deleteContent(context: Context, object: Namespace, signal: AbortSignal): Promise<ContentReport> {
  const namespaceName = object.metadata.name ?? ''
  const { resources, failed } = await discover(context.client, signal)
  const deletable = resources.filter(({ namespaced, verbs }) => namespaced && verbs.includes('list') && verbs.includes('delete'))
  const discoveryFailures = failed.map(({ groupVersion, err }) => `${groupVersion}: ${messageOf(err)}`).sort()
  const isPods = (resource: ServedResource) => refName(resource) === 'pods'
  // Listed before the deletion: those gone afterwards had their time.
  const mayEnd = isWithinGrace(object, context.informers.full(pods).list(namespaceName), context.clock.now())
  const first = await deleteAll(context, namespaceName, deletable.filter(isPods), mayEnd, signal)
  if (first.remaining.length > 0 || first.deletionFailures.length > 0) return { ...first, discoveryFailures }
  const rest = await deleteAll(
    context,
    namespaceName,
    deletable.filter(resource => !isPods(resource)),
    false,
    signal,
  )
  return { ...rest, discoveryFailures }
}

async function deleteAll(
  context: Context,
  namespaceName: string,
  resources: readonly ServedResource[],
  mayEnd: boolean,
  signal: AbortSignal,
): Promise<Omit<ContentReport, 'discoveryFailures'>> {
  const remaining: ContentReport['remaining'][number][] = []
  const deletionFailures: string[] = []
  for (const resource of resources) {
    try {
      const left = await deleteOne(context, namespaceName, resource, signal)
      if (left.length > 0) {
        const finalizers = new Map<string, number>()
        for (const finalizer of left.flatMap(({ metadata }) => metadata.finalizers ?? []))
          finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1)
        remaining.push({ group: resource.group, plural: resource.plural, count: left.length, finalizers })
        if (finalizers.size === 0 && !mayEnd) deletionFailures.push(unexpectedlyThere(namespaceName, resource))
      }
    } catch (err) {
      if (!(err instanceof ApiError)) throw err
      deletionFailures.push(`unexpected error: ${messageOf(err)}`)
    }
  }
  return { remaining, deletionFailures }
}

/** Returns the remaining objects. An empty resource costs one list and no write. */
async function deleteOne(
  { client }: Context,
  namespace: string,
  resource: ServedResource,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const options = { namespace, metadataOnly: true }
  const there = await client.listAll(resource, options, signal)
  if (there.length === 0) return []
  const background = { propagationPolicy: 'Background' } as const
  if (resource.verbs.includes('deletecollection')) await client.deleteCollection(resource, { namespace }, background, signal)
  else await Promise.all(there.map(({ metadata }) => deleteQuietly(client, resource, namespace, metadata.name ?? '', signal)))
  return client.listAll(resource, options, signal)
}

async function deleteQuietly(
  client: Context['client'],
  resource: ServedResource,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.delete(resource, namespace, name, { propagationPolicy: 'Background' }, signal)
  } catch (err) {
    if (!isReason(err, 'NotFound')) throw err
  }
}
