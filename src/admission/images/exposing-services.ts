// Which pods of a namespace its Services and Ingresses lead to from outside. It is worked out once, and again after one of them changed: a policy with due
// dates asks for every pod, and a tenant may have thousands of Services.
import { type ExposingSelectors, exposingSelectors } from '../../api/pods/exposure.ts'
import type { StoreView } from '../../api/store-view.ts'
import type { Service } from '../../api/types/core-v1.ts'
import type { Ingress } from '../../api/types/networking-v1.ts'

const services = 'services'
const ingresses = 'ingresses.networking.k8s.io'
/** Namespaces that are kept; the longest known goes first. */
export const maxNamespaces = 1000

export class ExposingServices {
  readonly #view: Pick<StoreView, 'list'>
  readonly #known = new Map<string, ExposingSelectors>()

  constructor(view: Pick<StoreView, 'list' | 'follow'>) {
    this.#view = view
    for (const resource of [services, ingresses]) view.follow(resource, ({ namespace }) => void this.#known.delete(namespace))
  }

  of(namespace: string): ExposingSelectors {
    const known = this.#known.get(namespace)
    if (known !== undefined) return known
    // The resources' own schemas decoded the objects.
    const found = exposingSelectors(
      this.#view.list(services, namespace) as readonly Service[],
      this.#view.list(ingresses, namespace) as readonly Ingress[],
    )
    const [oldest] = this.#known.keys()
    if (this.#known.size >= maxNamespaces && oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(namespace, found)
    return found
  }
}
