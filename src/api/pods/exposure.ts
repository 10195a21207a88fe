// Whether something leads to a pod from outside of the cluster: a Service of type NodePort or LoadBalancer, an Ingress, or a port of its node. Pure.
import type { ObjectMeta } from '../object.ts'
import type { PodSpec, Service } from '../types/core-v1.ts'
import type { Ingress } from '../types/networking-v1.ts'
import { containersOf } from './containers-of.ts'

/** `services` and `ingresses` are those of the pod's namespace. Labels that a pod gets later may expose it later. */
export function isExposed(
  { metadata: { labels = {} }, spec }: { readonly metadata: ObjectMeta; readonly spec: PodSpec },
  services: readonly Service[],
  ingresses: readonly Ingress[],
): boolean {
  if (spec.hostNetwork === true) return true
  if (containersOf(spec).some(({ container }) => (container.ports ?? []).some(({ hostPort = 0 }) => hostPort > 0))) return true
  const selecting = services.filter(({ spec: { selector = {} } = {} }) => {
    const entries = Object.entries(selector)
    return entries.length > 0 && entries.every(([key, value]) => labels[key] === value)
  })
  if (selecting.length === 0) return false
  if (selecting.some(isOutside)) return true
  const named = new Set(ingresses.flatMap(servicesOf))
  return selecting.some(({ metadata }) => named.has(metadata.name ?? ''))
}

const isOutside = ({ spec: { type, externalIPs = [] } = {} }: Service): boolean =>
  type === 'NodePort' || type === 'LoadBalancer' || externalIPs.length > 0

function servicesOf({ spec: { defaultBackend, rules = [] } }: Ingress): string[] {
  const backends = [defaultBackend, ...rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))]
  return backends.flatMap(backend => backend?.service?.name ?? [])
}
