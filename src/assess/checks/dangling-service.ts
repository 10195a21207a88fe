import type { StatefulSet } from '../../api/types/apps-v1.ts'
import type { Service } from '../../api/types/core-v1.ts'
import type { Ingress, IngressBackend } from '../../api/types/networking-v1.ts'
import { selectsByMap } from '../../client/cache/label-selector.ts'
import type { CheckFinding, ManifestCheck } from '../manifest-check.ts'
import type { CheckedObject, ObjectSet } from '../object-set.ts'

/** A Service that selects no pod does not answer, until somebody creates a pod with these labels and gets its traffic. */
export const danglingService: ManifestCheck = {
  id: 'dangling-service',
  severity: 'warning',
  title: 'Services select pods, and Services that Ingresses and StatefulSets refer to exist',
  serves: ['D2', 'N1'],
  check: set => [
    ...set.of('services').flatMap(on => selectsNothing(set, on)),
    ...set
      .of('ingresses.networking.k8s.io')
      .flatMap(on =>
        backendsOf(on.object as Ingress).flatMap(([backend, path]) => missing(set, on, backend.service?.name, `${path}.service.name`)),
      ),
    ...set.of('statefulsets.apps').flatMap(on => missing(set, on, (on.object as StatefulSet).spec?.serviceName, 'spec.serviceName')),
  ],
}

function selectsNothing(set: ObjectSet, on: CheckedObject): CheckFinding[] {
  const { selector = {}, type } = (on.object as Service).spec ?? {}
  if (Object.keys(selector).length === 0 || type === 'ExternalName') return []
  const found = set.workloads.some(
    ({ on: workload, pod }) => workload.namespace === on.namespace && selectsByMap(selector, pod.metadata.labels),
  )
  return found
    ? []
    : [{ on, field: 'spec.selector', message: `no workload of namespace "${on.namespace}" among the manifests has these labels` }]
}

function backendsOf({ spec = {} }: Ingress): [IngressBackend, string][] {
  return [
    ...(spec.defaultBackend === undefined ? [] : [[spec.defaultBackend, 'spec.defaultBackend'] satisfies [IngressBackend, string]]),
    ...(spec.rules ?? []).flatMap(({ http }, rule) =>
      (http?.paths ?? []).map(({ backend }, index): [IngressBackend, string] => [
        backend,
        `spec.rules[${rule}].http.paths[${index}].backend`,
      ]),
    ),
  ]
}

function missing(set: ObjectSet, on: CheckedObject, name: string | undefined, field: string): CheckFinding[] {
  if (name === undefined || name === '' || set.find('services', on.namespace, name) !== undefined) return []
  return [{ on, field, message: `there is no Service "${name}" in namespace "${on.namespace}" among the manifests` }]
}
