// What the API server asks the part `artifacts` while it admits pods, and what it gets: types that both sides share.
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/image-source.ts'

export interface ImageQuestion {
  /** Of the pods. */
  readonly namespace: string
  readonly images: readonly AskedImage[]
  readonly credentials: readonly PullCredential[]
  /** The trust roots that the policies name, so that no older state of them is used. */
  readonly trustRoots: readonly ObjectVersion[]
  /** Only what is known already: no registry is contacted. */
  readonly knownOnly?: boolean
  /** Something leads to the pod from outside of the cluster: findings of its images are due earlier. */
  readonly exposed?: boolean
}

export interface AskedImage {
  /** As it stands in the pod. */
  readonly image: string
  /** The policies that match it. Without one, the digest is resolved, and nothing is verified. */
  readonly policies: readonly PolicyVersion[]
}

/** An object in the state that the asking server has seen, or a later one. */
export interface ObjectVersion {
  readonly name: string
  readonly resourceVersion: string
}

export interface PolicyVersion extends ObjectVersion {
  /** '' for a ClusterImagePolicy. */
  readonly namespace: string
}

export interface PullCredential {
  /** `registry` or `registry/path`, as in the keys of a pull Secret. */
  readonly location: string
  readonly username: string
  readonly password: string
}

export type ImageAnswer =
  | {
      readonly known: true
      readonly image: string
      readonly digest: Digest
      readonly verdict: 'Verified' | 'Unverified' | 'Refused'
      /** Who signed it, as the policies require. */
      readonly identities: readonly string[]
      /** Why it is refused, or what a policy with `onFailure: Warn` found; may be empty. */
      readonly message: string
      /** Milliseconds since the epoch. */
      readonly time: number
      /** It is refused because its signatures could not be read, not because of them. */
      readonly unread?: true
    }
  /** The image was not found, or its registry did not answer. */
  | {
      readonly known: false
      readonly image: string
      readonly reason: 'Missing' | 'Unreachable' | 'Busy' | 'Malformed'
      readonly message: string
    }

export interface ImageAuthority {
  /** One answer for each image, in their order. Rejects if the part does not answer, or with the signal's reason. */
  evaluate(question: ImageQuestion, signal: AbortSignal): Promise<readonly ImageAnswer[]>
}

/** What a platform's manifest of an index is. */
export interface PlatformDigest extends Platform {
  readonly digest: Digest
}
