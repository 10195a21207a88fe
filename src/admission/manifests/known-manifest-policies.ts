// The policies of manifests and the trust roots as they are now.
import { followObjects, type StoreView } from '../../api/store-view.ts'
import type { ClusterManifestPolicy, ManifestPolicy, TrustRoot } from '../../api/types/supply-v1.ts'
import { coversObject, policyTitle } from '../../supply-chain/manifests/covers-object.ts'

export type AnyManifestPolicy = ManifestPolicy | ClusterManifestPolicy

export class KnownManifestPolicies {
  readonly #cluster = new Map<string, ClusterManifestPolicy>()
  /** By namespace. */
  readonly #own = new Map<string, Map<string, ManifestPolicy>>()
  readonly #trustRoots = new Map<string, TrustRoot>()

  constructor(view: Pick<StoreView, 'list' | 'follow'>) {
    const group = 'supply.bulkhead.dev'
    followObjects<ClusterManifestPolicy>(view, `clustermanifestpolicies.${group}`, (_, name, policy) => set(this.#cluster, name, policy))
    followObjects<ManifestPolicy>(view, `manifestpolicies.${group}`, (namespace, name, policy) => {
      const own = this.#own.get(namespace) ?? new Map<string, ManifestPolicy>()
      set(own, name, policy)
      set(this.#own, namespace, own.size === 0 ? undefined : own)
    })
    followObjects<TrustRoot>(view, `trustroots.${group}`, (_, name, root) => set(this.#trustRoots, name, root))
  }

  /** Those that are for the object; `namespace` is '' for one without. */
  matching(group: string, plural: string, namespace: string): readonly AnyManifestPolicy[] {
    const own = this.#own.get(namespace)
    if (this.#cluster.size === 0 && own === undefined) return []
    return [...this.#cluster.values(), ...(own?.values() ?? [])].filter(policy => coversObject(scopeOf(policy), group, plural, namespace))
  }

  get trustRoots(): ReadonlyMap<string, TrustRoot> {
    return this.#trustRoots
  }
}

const scopeOf = ({ metadata: { namespace }, spec: { resources, namespaces } }: AnyManifestPolicy) => ({
  resources,
  ...(namespace === undefined ? {} : { namespace }),
  ...(namespaces === undefined ? {} : { namespaces }),
})

export const titleOf = ({ metadata: { name = '', namespace } }: AnyManifestPolicy): string => policyTitle(name, namespace)
export const refuses = ({ spec: { onFailure } }: AnyManifestPolicy): boolean => onFailure !== 'Warn'

function set<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
