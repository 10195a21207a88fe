// The policies of manifests and the trust roots as they are now, compiled.
import { followObjects, type StoreView } from '../../api/store-view.ts'
import type { ClusterManifestPolicy, ManifestPolicy, TrustRoot as TrustRootObject } from '../../api/types/supply-v1.ts'
import { UserError } from '../../base/user-error.ts'
import { type CompiledManifestPolicy, coversObject, parseManifestPolicy } from '../../supply-chain/manifests/parse-manifest-policy.ts'
import { parseTrustRoot, type TrustRoot } from '../../supply-chain/signatures/trust-root.ts'

/** A policy that cannot be compiled holds for nothing: its objects are refused with the reason. */
export type KnownManifestPolicy = CompiledManifestPolicy & { readonly problem?: string }

export class KnownManifestPolicies {
  readonly #cluster = new Map<string, KnownManifestPolicy>()
  /** By namespace. */
  readonly #own = new Map<string, Map<string, KnownManifestPolicy>>()
  readonly #trustRoots = new Map<string, TrustRoot>()

  constructor(view: Pick<StoreView, 'list' | 'follow'>) {
    const group = 'supply.bulkhead.dev'
    followObjects<ClusterManifestPolicy>(view, `clustermanifestpolicies.${group}`, (_, name, object) =>
      set(this.#cluster, name, object && compile(name, undefined, object)),
    )
    followObjects<ManifestPolicy>(view, `manifestpolicies.${group}`, (namespace, name, object) => {
      const own = this.#own.get(namespace) ?? new Map<string, KnownManifestPolicy>()
      set(own, name, object && compile(name, namespace, object))
      set(this.#own, namespace, own.size === 0 ? undefined : own)
    })
    followObjects<TrustRootObject>(view, `trustroots.${group}`, (_, name, object) =>
      set(this.#trustRoots, name, object && rootOf(name, object)),
    )
  }

  /** Those that are for the object; `namespace` is '' for one without. */
  matching(group: string, plural: string, namespace: string): readonly KnownManifestPolicy[] {
    const own = this.#own.get(namespace)
    if (this.#cluster.size === 0 && own === undefined) return []
    return [...this.#cluster.values(), ...(own?.values() ?? [])].filter(policy => coversObject(policy, group, plural, namespace))
  }

  get trustRoots(): ReadonlyMap<string, TrustRoot> {
    return this.#trustRoots
  }
}

function compile(name: string, namespace: string | undefined, { spec }: ManifestPolicy | ClusterManifestPolicy): KnownManifestPolicy {
  try {
    return parseManifestPolicy(name, namespace, spec)
  } catch (err) {
    if (!(err instanceof UserError)) throw err
    const title = namespace === undefined ? `ClusterManifestPolicy "${name}"` : `ManifestPolicy "${namespace}/${name}"`
    const scope = namespace === undefined ? {} : { namespace }
    return { title, ...scope, resources: spec.resources ?? ['*'], mode: 'allOf', signers: [], onFailure: 'Refuse', problem: err.message }
  }
}

/** The signers of a trust root that cannot be read are nobody. */
function rootOf(name: string, { spec }: TrustRootObject): TrustRoot | undefined {
  try {
    return parseTrustRoot(name, spec)
  } catch (err) {
    if (err instanceof UserError) return undefined
    throw err
  }
}

function set<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
