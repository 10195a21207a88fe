// Removes images that no container uses, the longest unused first, if their disk fills: upstream's image garbage collection with its
// defaults (pkg/kubelet/images/image_gc_manager.go).
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ContainerSummary, Image } from '../cri/messages.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import type { FileSystemFacts } from './thresholds.ts'

const highPercent = 85
const lowPercent = 80
/** A new image may be about to be used. */
const leastAgeMs = 120_000

export interface ImageCollectorOptions {
  readonly runtime: Pick<ContainerRuntime, 'listContainers' | 'listImages' | 'removeImage'>
  /** Whether it can be pulled again: an image that an administrator imported stays. */
  readonly isPulled: (image: Image) => boolean
  readonly clock: Clock
  readonly log: Logger
}

interface Known {
  /** By the monotonic clock; images older than the agent count as old. */
  readonly since: number
  usedAt: number
}

export interface Collection {
  readonly wantedBytes: number
  readonly freedBytes: number
}

/** Bytes to free to reach the low threshold; 0 below the high threshold. Pure. */
export function bytesToFree({ capacityBytes, availableBytes }: FileSystemFacts): number {
  if (capacityBytes === 0) return 0
  const usedPercent = 100 - Math.trunc((availableBytes * 100) / capacityBytes)
  return usedPercent < highPercent ? 0 : Math.trunc((capacityBytes * (100 - lowPercent)) / 100) - availableBytes
}

export class ImageCollector {
  readonly #options: ImageCollectorOptions
  readonly #known = new Map<string, Known>()
  #looked = false

  constructor(options: ImageCollectorOptions) {
    this.#options = options
  }

  /** Frees space on the disk of images; undefined if there is enough. */
  async collect(facts: FileSystemFacts, signal: AbortSignal): Promise<Collection | undefined> {
    const wantedBytes = bytesToFree(facts)
    // Checked anyway: the time of an image's last use is known only from regular checks.
    const unused = await this.#unused(signal)
    return wantedBytes === 0 ? undefined : { wantedBytes, freedBytes: await this.#free(unused, wantedBytes, signal) }
  }

  /** Removes all images that no container uses. */
  async collectAll(signal: AbortSignal): Promise<void> {
    await this.#free(await this.#unused(signal), Number.POSITIVE_INFINITY, signal)
  }

  /** Longest unused first. */
  async #unused(signal: AbortSignal): Promise<Image[]> {
    const { runtime, clock, isPulled } = this.#options
    // Containers first: a container created in between uses an image that is too new to be removed.
    const containers = await runtime.listContainers({}, signal)
    const images = await runtime.listImages(signal)
    const used = usedImages(containers)
    const now = clock.monotonic()
    const ids = new Set(images.map(({ id }) => id))
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id)
    const isUsed = ({ id, repoTags, repoDigests }: Image) => [id, ...repoTags, ...repoDigests].some(name => used.has(name))
    for (const image of images) {
      const known = this.#known.get(image.id) ?? { since: this.#looked ? now : Number.NEGATIVE_INFINITY, usedAt: Number.NEGATIVE_INFINITY }
      if (isUsed(image)) known.usedAt = now
      this.#known.set(image.id, known)
    }
    this.#looked = true
    const of = ({ id }: Image) => this.#known.get(id) ?? { since: now, usedAt: now }
    return images
      .filter(image => !isUsed(image) && !image.pinned && isPulled(image) && now - of(image).since >= leastAgeMs)
      .sort((a, b) => order(of(a).usedAt, of(b).usedAt) || order(of(a).since, of(b).since))
  }

  async #free(unused: readonly Image[], wantedBytes: number, signal: AbortSignal): Promise<number> {
    const { runtime, log } = this.#options
    let freed = 0
    for (const { id, size, repoTags } of unused) {
      if (freed >= wantedBytes) break
      try {
        await runtime.removeImage(id, signal)
        log.info('unused image removed', { image: repoTags[0] ?? id, bytes: Number(size) })
        freed += Number(size)
      } catch (err) {
        signal.throwIfAborted()
        log.error('unused image not removed', { image: repoTags[0] ?? id, err })
      }
    }
    return freed
  }
}

/** Every name by which containers, also ended ones, refer to their images. */
function usedImages(containers: readonly ContainerSummary[]): Set<string> {
  return new Set(containers.flatMap(({ image, imageRef }) => [imageRef, image?.image ?? '']))
}

/** Subtraction does not work: both may be infinite. */
const order = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0)
