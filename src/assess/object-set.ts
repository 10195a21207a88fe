// The objects that are judged together, found by kind, name and what they run, so that no check searches by itself.
import { type LocatedPod, locatePod } from '../api/located-pod.ts'
import type { KubeObject } from '../api/object.ts'
import { containersOf, type VisitedContainer } from '../api/validation/containers-of.ts'

export interface CheckedObject {
  /** `deployments.apps`; of a kind that nobody defined the lower-cased kind. */
  readonly resource: string
  /** '' at the cluster scope. */
  readonly namespace: string
  /** Decoded and defaulted where its kind is known. Frozen for checks by agreement. */
  readonly object: KubeObject
}

export interface CheckedWorkload extends LocatedPod {
  readonly on: CheckedObject
  /** Path of the pod's spec below the object: `spec.template.spec`. */
  readonly specField: string
  /** All of them, each with its path below the object. */
  readonly containers: readonly VisitedContainer[]
}

export interface ObjectSet {
  readonly all: readonly CheckedObject[]
  /** Pods and everything with a pod template. */
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

/** The JSON pointer of a field path: `/spec/containers/0/image`. Keys with dots or brackets are not of this form. */
export function pointerOf(field: string): string {
  return field === '' ? '' : `/${field.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`
}
