// The image policies and trust roots as they are now.
import type { KubeObject } from '../../api/object.ts'
import { followObjects, type StoreView } from '../../api/store-view.ts'
import type { ClusterImagePolicy, ImagePolicy, TrustRoot } from '../../api/types/supply-v1.ts'
import { coversImage } from '../../supply-chain/policy/covers-image.ts'
import type { ObjectVersion, PolicyVersion } from '../../supply-chain/policy/image-question.ts'

export type AnyPolicy = ImagePolicy | ClusterImagePolicy

const versionOf = ({ metadata }: KubeObject): ObjectVersion => ({
  name: metadata.name ?? '',
  resourceVersion: metadata.resourceVersion ?? '0',
})

export class KnownPolicies {
  readonly #cluster = new Map<string, ClusterImagePolicy>()
  /** By namespace. */
  readonly #own = new Map<string, Map<string, ImagePolicy>>()
  readonly #trustRoots = new Map<string, TrustRoot>()

  constructor(view: Pick<StoreView, 'list' | 'follow'>) {
    const group = 'supply.bulkhead.dev'
    followObjects<ClusterImagePolicy>(view, `clusterimagepolicies.${group}`, (_, name, policy) => set(this.#cluster, name, policy))
    followObjects<TrustRoot>(view, `trustroots.${group}`, (_, name, root) => set(this.#trustRoots, name, root))
    followObjects<ImagePolicy>(view, `imagepolicies.${group}`, (namespace, name, policy) => {
      const own = this.#own.get(namespace) ?? new Map<string, ImagePolicy>()
      set(own, name, policy)
      set(this.#own, namespace, own.size === 0 ? undefined : own)
    })
  }

  /** Those that are for the image in a namespace. */
  matching(namespace: string, image: string): readonly AnyPolicy[] {
    const own = this.#own.get(namespace)
    if (this.#cluster.size === 0 && own === undefined) return []
    return [...this.#cluster.values(), ...(own?.values() ?? [])].filter(({ spec }) => coversImage(spec.images, image))
  }

  /** Of the trust roots that the policies name. A missing one is left out: its signers are nobody. */
  trustRoots(policies: readonly AnyPolicy[]): readonly ObjectVersion[] {
    const names = new Set(policies.flatMap(trustRootsOf))
    return [...names].flatMap(name => {
      const root = this.#trustRoots.get(name)
      return root === undefined ? [] : [versionOf(root)]
    })
  }
}

export const policyVersion = (policy: AnyPolicy): PolicyVersion => ({
  ...versionOf(policy),
  namespace: policy.metadata.namespace ?? '',
})

const trustRootsOf = ({ spec: { verify } }: AnyPolicy): string[] =>
  [...(verify?.anyOf ?? []), ...(verify?.allOf ?? [])].flatMap(({ key, keyless }) => key?.trustRoot ?? keyless?.trustRoot ?? [])

function set<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
