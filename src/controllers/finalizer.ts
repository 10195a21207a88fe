// Adds and removes protection finalizers.
import type { KubeObject } from '../api/object.ts'
import { isReason } from '../api/status.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import type { Context } from './controller.ts'

export function hasFinalizer({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) === true
}

export async function addFinalizer<T extends KubeObject>(
  { client }: Context,
  resource: ResourceRef<T>,
  object: T,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  const finalizers = [...(object.metadata.finalizers ?? []), finalizer]
  await client.update(resource, { ...object, metadata: { ...object.metadata, finalizers } }, signal)
}

/** A missing object is not an error. */
export async function removeFinalizer<T extends KubeObject>(
  { client }: Context,
  resource: ResourceRef<T>,
  object: T,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  const finalizers = (object.metadata.finalizers ?? []).filter(name => name !== finalizer)
  try {
    await client.update(resource, { ...object, metadata: { ...object.metadata, finalizers } }, signal)
  } catch (err) {
    if (!isReason(err, 'NotFound')) throw err
  }
}
