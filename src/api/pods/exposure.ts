// Whether something leads to a pod from outside of the cluster: a Service of type NodePort or LoadBalancer, an Ingress, or a port of its node. Pure.
import type { ObjectMeta } from '../object.ts'
import type { PodSpec, Service } from '../types/core-v1.ts'
import type { Ingress } from '../types/networking-v1.ts'
import { containersOf } from './containers-of.ts'

type ExposedPod = { readonly metadata: ObjectMeta; readonly spec: PodSpec }
type Selector = Readonly<Record<string, string>>

/** Selectors of Services that lead to pods from outside, by one of their labels: most pods have few labels, and a namespace may have many Services. */
export type ExposingSelectors = ReadonlyMap<string, readonly Selector[]>

/** `services` and `ingresses` are those of the pod's namespace. Labels that a pod gets later may expose it later. */
export const isExposed = (pod: ExposedPod, services: readonly Service[], ingresses: readonly Ingress[]): boolean =>
  isExposedBy(pod, () => exposingSelectors(services, ingresses))

/** `selectors` is called where they decide. */
export function isExposedBy({ metadata: { labels = {} }, spec }: ExposedPod, selectors: () => ExposingSelectors): boolean {
  if (spec.hostNetwork === true) return true
  if (containersOf(spec).some(({ container }) => (container.ports ?? []).some(({ hostPort = 0 }) => hostPort > 0))) return true
  const found = selectors()
  return Object.entries(labels).some(([key, value]) =>
    (found.get(labelKey(key, value)) ?? []).some(selector => Object.entries(selector).every(([name, wanted]) => labels[name] === wanted)),
  )
}

/** Of the Services of one namespace. */
export function exposingSelectors(services: readonly Service[], ingresses: readonly Ingress[]): ExposingSelectors {
  const named = new Set(ingresses.flatMap(servicesOf))
  const found = new Map<string, Selector[]>()
  for (const service of services) {
    const { metadata, spec: { selector = {} } = {} } = service
    // Without a selector it leads to no pods by itself.
    const [first] = Object.entries(selector)
    if (first === undefined || !(isOutside(service) || named.has(metadata.name ?? ''))) continue
    const key = labelKey(...first)
    const group = found.get(key)
    if (group === undefined) found.set(key, [selector])
    else group.push(selector)
  }
  return found
}

/** A name of a label has no `=`. */
const labelKey = (name: string, value: string): string => `${name}=${value}`

const isOutside = ({ spec: { type, externalIPs = [] } = {} }: Service): boolean =>
  type === 'NodePort' || type === 'LoadBalancer' || externalIPs.length > 0

function servicesOf({ spec: { defaultBackend, rules = [] } }: Ingress): string[] {
  const backends = [defaultBackend, ...rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))]
  return backends.flatMap(backend => backend?.service?.name ?? [])
}
