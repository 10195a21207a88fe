// The image policies and trust roots as they are now.
import type { KubeObject } from '../../api/object.ts'
import type { StoreView } from '../../api/store-view.ts'
import type { ClusterImagePolicy, ImagePolicy, TrustRoot } from '../../api/types/supply-v1.ts'
import { coversImage } from '../../supply-chain/policy/covers-image.ts'
import type { ObjectVersion, PolicyVersion } from '../../supply-chain/policy/image-question.ts'
import { FollowedPolicies, followByName } from '../followed-policies.ts'

export type AnyPolicy = ImagePolicy | ClusterImagePolicy

const versionOf = ({ metadata }: KubeObject): ObjectVersion => ({
  name: metadata.name ?? '',
  resourceVersion: metadata.resourceVersion ?? '0',
})

export class KnownPolicies {
  readonly #policies: FollowedPolicies<ClusterImagePolicy, ImagePolicy>
  readonly #trustRoots: ReadonlyMap<string, TrustRoot>

  constructor(view: Pick<StoreView, 'list' | 'follow'>) {
    const group = 'supply.bulkhead.dev'
    this.#policies = new FollowedPolicies(view, `clusterimagepolicies.${group}`, `imagepolicies.${group}`)
    this.#trustRoots = followByName<TrustRoot>(view, `trustroots.${group}`)
  }

  /** Those that are for the image in a namespace. */
  matching(namespace: string, image: string): readonly AnyPolicy[] {
    return this.#policies.of(namespace).filter(({ spec }) => coversImage(spec.images, image))
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
