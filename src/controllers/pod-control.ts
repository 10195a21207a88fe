// Creates pods from templates and deletes them, for a controller that owns them, with the events that kubectl describe shows.

import { groupVersion, type KubeObject } from '../api/object.ts'
import { ApiError, isReason } from '../api/status.ts'
import type { Pod, PodTemplateSpec } from '../api/types/core-v1.ts'
import { messageOf } from '../base/user-error.ts'
import { referenceTo } from '../client/event-recorder.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import { pods } from '../client/resources.ts'
import { type Context, done, type Result } from './controller.ts'
import type { Expectations } from './expectations.ts'
import { controllerReference } from './owner.ts'

const maxPrefix = 253

/** The dash makes names more readable, but a prefix must not be longer than a name. */
const podPrefix = (name: string): string => (name.length < maxPrefix ? `${name}-` : name)

export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject, ownerResource: ResourceRef): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: podPrefix(owner.metadata.name ?? ''),
      namespace: owner.metadata.namespace ?? '',
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(owner, ownerResource)],
    },
    spec: template.spec,
  }
}

/** The namespace is being deleted: the pod will never exist, and that is no error. */
export function isNamespaceEnding(err: unknown): boolean {
  return err instanceof ApiError && (err.status.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating')
}

/** Ends a pass that failed only because its namespace is being deleted: there will be nothing to do. */
export async function unlessEnding(pass: Promise<Result>): Promise<Result> {
  try {
    return await pass
  } catch (err) {
    if (isNamespaceEnding(err)) return done
    throw err
  }
}

export async function createPod(
  context: Context,
  owner: KubeObject,
  ownerResource: ResourceRef,
  pod: Pod,
  signal: AbortSignal,
): Promise<void> {
  const { client, events } = context
  const reference = referenceTo(owner, groupVersion(ownerResource.group, ownerResource.version), ownerResource.kind)
  try {
    const created = await client.create(pods, owner.metadata.namespace ?? '', pod, signal)
    events.record(reference, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
  } catch (err) {
    if (!isNamespaceEnding(err) && !signal.aborted) events.record(reference, 'Warning', 'FailedCreate', `Error creating: ${messageOf(err)}`)
    throw err
  }
}

/** Resolves with whether the pod still existed. */
export async function deletePod(
  context: Context,
  owner: KubeObject,
  ownerResource: ResourceRef,
  pod: Pod,
  signal: AbortSignal,
): Promise<boolean> {
  const { client, events } = context
  const reference = referenceTo(owner, groupVersion(ownerResource.group, ownerResource.version), ownerResource.kind)
  const { namespace = '', name = '', uid } = pod.metadata
  try {
    await client.delete(pods, namespace, name, uid === undefined ? {} : { uid }, signal)
    events.record(reference, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
    return true
  } catch (err) {
    if (isReason(err, 'NotFound')) return false
    if (!signal.aborted) events.record(reference, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(err)}`)
    throw err
  }
}

/** Deletes pods that are expected to disappear; removes the expectation of a pod that stayed or was already gone, since no event may report it. */
export async function deleteExpected(
  expectations: Expectations,
  key: string,
  targets: readonly Pod[],
  remove: (pod: Pod) => Promise<boolean>,
): Promise<{ gone: number; err: unknown }> {
  const results = await Promise.allSettled(targets.map(remove))
  let gone = 0
  let err: unknown
  for (const [at, result] of results.entries()) {
    if (result.status === 'fulfilled') gone++
    else err = result.reason
    if (result.status === 'rejected' || !result.value) expectations.deleted(key, targets[at]?.metadata.uid ?? '')
  }
  return { gone, err }
}

/** Limit of parallel requests. */
const maxAtOnce = 500

/** Calls `act` in batches of 1, 2, 4 … and stops after a batch with a failure, so that a failing request is not made 500 times. */
export async function inGrowingBatches(count: number, act: (index: number) => Promise<void>): Promise<{ succeeded: number; err: unknown }> {
  let succeeded = 0
  for (let size = 1; succeeded < count; size *= 2) {
    const batch = Math.min(size, count - succeeded, maxAtOnce)
    const results = await Promise.allSettled(Array.from({ length: batch }, (_, index) => act(succeeded + index)))
    const failed = results.filter(result => result.status === 'rejected')
    succeeded += batch - failed.length
    if (failed[0] !== undefined) return { succeeded, err: failed[0].reason }
  }
  return { succeeded, err: undefined }
}
