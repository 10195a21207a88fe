// The objects that are checked together, indexed by kind, name and workload, so that checks need not search.

import type { KubeObject } from '../api/object.ts'
import { containersOf, type VisitedContainer } from '../api/pods/containers-of.ts'
import { type LocatedPod, locatePod } from '../api/pods/located-pod.ts'

export interface CheckedObject {
  /** For example `deployments.apps`; for an undefined kind, the kind in lower case. */
  readonly resource: string
  /** '' for cluster-scoped objects. */
  readonly namespace: string
  /** Decoded and defaulted if its kind is known. Checks must not change it. */
  readonly object: KubeObject
}

export interface CheckedWorkload extends LocatedPod {
  readonly on: CheckedObject
  /** Path of the pod's spec within the object: `spec.template.spec`. */
  readonly specField: string
  /** All containers, each with its path within the object. */
  readonly containers: readonly VisitedContainer[]
}

export interface ObjectSet {
  readonly all: readonly CheckedObject[]
  /** Pods and all kinds with a pod template. */
  readonly workloads: readonly CheckedWorkload[]
  of(resource: string): readonly CheckedObject[]
  find(resource: string, namespace: string, name: string): CheckedObject | undefined
}

export function createObjectSet(all: readonly CheckedObject[]): ObjectSet {
  const byResource = Map.groupBy(all, ({ resource }) => resource)
  const byName = new Map(all.map(one => [keyOf(one.resource, one.namespace, one.object.metadata.name ?? ''), one]))
  return {
    all,
    workloads: all.flatMap(workloadOf),
    of: resource => byResource.get(resource) ?? [],
    find: (resource, namespace, name) => byName.get(keyOf(resource, namespace, name)),
  }
}

const keyOf = (resource: string, namespace: string, name: string): string => `${resource}/${namespace}/${name}`

function workloadOf(on: CheckedObject): CheckedWorkload[] {
  const located = locatePod(on.resource, on.object)
  if (located === undefined) return []
  const specField = `${located.pointer}/spec`.slice(1).replaceAll('/', '.')
  return [{ ...located, on, specField, containers: containersOf(located.pod.spec, specField) }]
}

/** The JSON pointer of a field path: `/spec/containers/0/image`. Does not support keys with dots or brackets. */
export function pointerOf(field: string): string {
  return field === '' ? '' : `/${field.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`
}
