// Which containers run an image, by its digest: an index that begins with the first question and then follows the pods.
import { podImagesOf } from '../../../api/resources/supply/pod-images.ts'
import { followObjects, type StoreView } from '../../../api/store-view.ts'
import type { Pod } from '../../../api/types/core-v1.ts'

export interface RunningImage {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** As it stands in the pod. */
  readonly image: string
  /** '' if the node has not said it, or the image never was in a registry. */
  readonly digest: string
  /** '' for a pod without a node. */
  readonly node: string
}

export class PodsByImage {
  readonly #view: Pick<StoreView, 'list' | 'follow'>
  /** By digest, then by `namespace/name`. */
  readonly #byDigest = new Map<string, Map<string, readonly RunningImage[]>>()
  readonly #digestsOf = new Map<string, readonly string[]>()
  #follows = false

  constructor(view: Pick<StoreView, 'list' | 'follow'>) {
    this.#view = view
  }

  /** Finished pods run nothing. */
  running(digest: string): readonly RunningImage[] {
    this.#start()
    return [...(this.#byDigest.get(digest)?.values() ?? [])].flat()
  }

  digests(): Iterable<string> {
    this.#start()
    return this.#byDigest.keys()
  }

  #start(): void {
    if (this.#follows) return
    this.#follows = true
    followObjects<Pod & { metadata: object }>(this.#view, 'pods', (namespace, name, pod) => this.#set(namespace, name, pod))
  }

  #set(namespace: string, name: string, pod: Pod | undefined): void {
    const key = `${namespace}/${name}`
    for (const digest of this.#digestsOf.get(key) ?? []) {
      const pods = this.#byDigest.get(digest)
      pods?.delete(key)
      if (pods?.size === 0) this.#byDigest.delete(digest)
    }
    const images = pod === undefined ? [] : imagesOf(namespace, name, pod)
    if (images.length === 0) {
      this.#digestsOf.delete(key)
      return
    }
    const grouped = Map.groupBy(images, ({ digest }) => digest)
    this.#digestsOf.set(key, [...grouped.keys()])
    for (const [digest, own] of grouped) {
      const pods = this.#byDigest.get(digest) ?? new Map<string, readonly RunningImage[]>()
      pods.set(key, own)
      this.#byDigest.set(digest, pods)
    }
  }
}

function imagesOf(namespace: string, pod: string, object: Pod): RunningImage[] {
  const { phase, images, nodeName: node = '' } = podImagesOf(object).spec
  if (phase === 'Succeeded' || phase === 'Failed') return []
  return images.flatMap(({ container, image, digest }) =>
    digest === undefined ? [] : [{ namespace, pod, container, image, digest, node }],
  )
}
