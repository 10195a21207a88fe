// The policies and trust roots as the part knows them, and the wait for a state that another process has already seen.
import { createHash } from 'node:crypto'
import type { KubeObject, ObjectMeta } from '../api/object.ts'
import type { ClusterImagePolicy, ImagePolicy, TrustRoot } from '../api/types/supply-v1.ts'
import { writeJson } from '../base/write-json.ts'
import { coversImage } from '../supply-chain/policy/covers-image.ts'
import type { ObjectVersion, PolicyVersion } from '../supply-chain/policy/image-question.ts'
import type { KnownTrustRoot, KnownTrustRoots } from './trust/known-trust-roots.ts'

export type AnyPolicy = ImagePolicy | ClusterImagePolicy

/** A source of objects that are followed. */
export interface Followed<T extends KubeObject> {
  get(namespace: string, name: string): T | undefined
  list(namespace?: string): readonly T[]
  /** Up to which it is current. */
  readonly resourceVersion: string
}

export interface PolicySources {
  readonly policies: Followed<ImagePolicy>
  readonly clusterPolicies: Followed<ClusterImagePolicy>
  readonly trustRoots: Followed<TrustRoot>
  readonly known: Pick<KnownTrustRoots, 'all' | 'revisionOf'>
}

const versionOf = (object: KubeObject | undefined): number => Number(object?.metadata.resourceVersion ?? '0')

export class PolicyState {
  readonly #sources: PolicySources
  readonly #waiting = new Set<() => void>()

  constructor(sources: PolicySources) {
    this.#sources = sources
  }

  /** To be called after each change of the sources. */
  changed(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  policy({ namespace, name }: { readonly namespace: string; readonly name: string }): AnyPolicy | undefined {
    return namespace === '' ? this.#sources.clusterPolicies.get('', name) : this.#sources.policies.get(namespace, name)
  }

  /** By name. */
  trustRoots(): ReadonlyMap<string, KnownTrustRoot> {
    return this.#sources.known.all()
  }

  /** A digest of these policies and the trust roots that they name: it changes with each of their specs, and with what TUF repositories say. */
  rulesOf(policies: readonly AnyPolicy[]): string {
    const names = new Set(
      policies.flatMap(({ spec: { verify } }) =>
        [...(verify?.anyOf ?? []), ...(verify?.allOf ?? [])].flatMap(({ key, keyless }) => key?.trustRoot ?? keyless?.trustRoot ?? []),
      ),
    )
    const own = policies.map(({ metadata: { namespace, name, uid, generation } }: { readonly metadata: ObjectMeta }) =>
      writeJson([namespace, name, uid, generation]),
    )
    const rows = [...own, ...[...names].map(name => `${name} ${this.#sources.known.revisionOf(name)}`)]
    return createHash('sha256').update(rows.toSorted().join('\n')).digest('hex')
  }

  /** Those that match an image in a namespace. */
  policiesFor(namespace: string, image: string): readonly AnyPolicy[] {
    const candidates: readonly AnyPolicy[] = [...this.#sources.clusterPolicies.list(), ...this.#sources.policies.list(namespace)]
    return candidates.filter(({ spec }) => coversImage(spec.images, image))
  }

  /** Resolves when all are known in these versions or later ones. Rejects with the signal's reason. */
  async reached(policies: readonly PolicyVersion[], trustRoots: readonly ObjectVersion[], signal: AbortSignal): Promise<void> {
    const { policies: own, clusterPolicies, trustRoots: roots } = this.#sources
    // The version of the whole source counts too: the object may be deleted meanwhile.
    const lacks = <T extends KubeObject>(source: Followed<T>, namespace: string, { name, resourceVersion }: ObjectVersion): boolean =>
      Math.max(versionOf(source.get(namespace, name)), Number(source.resourceVersion)) < Number(resourceVersion)
    const missing = () =>
      policies.some(wanted => (wanted.namespace === '' ? lacks(clusterPolicies, '', wanted) : lacks(own, wanted.namespace, wanted))) ||
      trustRoots.some(wanted => lacks(roots, '', wanted))
    while (missing()) {
      signal.throwIfAborted()
      await new Promise<void>(resolve => {
        const wake = () => {
          this.#waiting.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        this.#waiting.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    }
  }
}

/** `name` of a cluster policy, `namespace/name` of a namespaced one. */
export const policyTitle = ({ metadata }: AnyPolicy): string =>
  metadata.namespace === undefined ? (metadata.name ?? '') : `${metadata.namespace}/${metadata.name}`
