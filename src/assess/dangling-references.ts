// Shared by the checks for references to missing objects.
import type { CheckFinding } from './manifest-check.ts'
import type { ObjectSet } from './object-set.ts'
import { type PodReference, referencesOf } from './pod-references.ts'

/** Controllers create it in each namespace. */
const alwaysThere: ReadonlySet<string> = new Set(['configmaps/kube-root-ca.crt'])

/** References of workloads to objects of `resource` that are not in the set. */
export function danglingReferences(set: ObjectSet, resource: PodReference['resource'], kind: string): CheckFinding[] {
  return set.workloads.flatMap(workload =>
    referencesOf(workload).flatMap(({ resource: wanted, name, field }) => {
      const { on } = workload
      if (wanted !== resource || alwaysThere.has(`${resource}/${name}`) || set.find(resource, on.namespace, name) !== undefined) return []
      return [{ on, field, message: `there is no ${kind} "${name}" in namespace "${on.namespace}" among the manifests` }]
    }),
  )
}
