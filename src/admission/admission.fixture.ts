// For tests: one plug-in asked alone, over a cluster of given objects.
import type { KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resource.ts'
import { ApiError } from '../api/status.ts'
import type { AdmissionPlugin, AdmissionRequest, ClusterReader } from './admission.ts'
import type { ValidatingAdmissionPolicyOptions } from './plugins/validating-admission-policy.ts'
import { servedKinds } from './served-kinds.ts'

/** What the cluster holds, by group resource. */
export function readerOf(objects: Readonly<Record<string, readonly KubeObject[]>>): ClusterReader {
  const list = (resource: string, namespace?: string) =>
    (objects[resource] ?? []).filter(({ metadata }) => namespace === undefined || (metadata.namespace ?? '') === namespace)
  return { list, get: (resource, namespace, name) => list(resource, namespace).find(({ metadata }) => metadata.name === name) }
}

export interface Asked {
  readonly resource: ResourceDefinition
  readonly object: KubeObject
  readonly oldObject?: KubeObject
}

/** The message of the refusal; undefined where the plug-in does not look at the request, or admits it. Changes `object` as the plug-in does. */
export async function ask(plugin: AdmissionPlugin, { resource, object, oldObject }: Asked): Promise<string | undefined> {
  const request: AdmissionRequest = {
    operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
    resource,
    subresource: '',
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
    object,
    oldObject,
    user: { name: 'u', groups: [] },
    dryRun: false,
    warn: () => undefined,
    annotate: () => undefined,
  }
  if (!plugin.handles(request)) return undefined
  const { signal } = new AbortController()
  try {
    await plugin.mutate?.(request, signal)
    const verdict = await plugin.validate?.(request, signal)
    return verdict === undefined || verdict.allowed ? undefined : verdict.error.message
  } catch (err) {
    if (err instanceof ApiError) return err.message
    throw err
  }
}

/** What plug-ins of policies are given in a cluster that has none. */
export const noPolicies: Omit<ValidatingAdmissionPolicyOptions, 'reader'> = {
  kinds: servedKinds([]),
  decide: () => () => ({ allowed: false, reason: 'nobody may do anything in this test' }),
  policySources: [],
}
