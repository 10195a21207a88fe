// The policies of manifests and the trust roots as they are now.
import type { StoreView } from '../../api/store-view.ts'
import type { ClusterManifestPolicy, ManifestPolicy, TrustRoot } from '../../api/types/supply-v1.ts'
import { coversObject, policyTitle } from '../../supply-chain/manifests/covers-object.ts'
import { FollowedPolicies, followByName } from '../followed-policies.ts'

export type AnyManifestPolicy = ManifestPolicy | ClusterManifestPolicy

export class KnownManifestPolicies {
  readonly #policies: FollowedPolicies<ClusterManifestPolicy, ManifestPolicy>
  readonly trustRoots: ReadonlyMap<string, TrustRoot>

  constructor(view: Pick<StoreView, 'list' | 'follow'>) {
    const group = 'supply.bulkhead.dev'
    this.#policies = new FollowedPolicies(view, `clustermanifestpolicies.${group}`, `manifestpolicies.${group}`)
    this.trustRoots = followByName<TrustRoot>(view, `trustroots.${group}`)
  }

  /** Those that are for the object; `namespace` is '' for one without. */
  matching(group: string, plural: string, namespace: string): readonly AnyManifestPolicy[] {
    return this.#policies.of(namespace).filter(policy => coversObject(scopeOf(policy), group, plural, namespace))
  }
}

const scopeOf = ({ metadata: { namespace }, spec: { resources, namespaces } }: AnyManifestPolicy) => ({
  resources,
  ...(namespace === undefined ? {} : { namespace }),
  ...(namespaces === undefined ? {} : { namespaces }),
})

export const titleOf = ({ metadata: { name = '', namespace } }: AnyManifestPolicy): string => policyTitle(name, namespace)
export const refuses = ({ spec: { onFailure } }: AnyManifestPolicy): boolean => onFailure !== 'Warn'
