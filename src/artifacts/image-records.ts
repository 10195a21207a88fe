// Writes the Image objects: collects what is seen of each digest, and writes it soon, at most one write per digest at a time.
import { imageName } from '../api/resources/supply/image.ts'
import { isReason } from '../api/status.ts'
import type { Image, ImageVerdict, PodImages } from '../api/types/supply-v1.ts'
import { type Clock, formatTime } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Lister } from '../client/cache/object-cache.ts'
import type { Client } from '../client/client.ts'
import { images } from '../client/resources.ts'
import { WorkQueue } from '../client/work-queue.ts'
import { type Digest, isDigest } from '../supply-chain/oci/digest.ts'
import type { ImageAnswer } from '../supply-chain/policy/image-question.ts'
import type { FoundImage } from './image-evaluator.ts'
import { type ImageSighting, planImage, type SoftwareSighting } from './image-record.ts'

export interface ImageRecordsParts {
  readonly client: Client
  readonly images: Lister<Image>
  readonly pods: Lister<PodImages>
  readonly clock: Clock
  readonly log: Logger
}

/** The index of pods by the digests of their images. */
export const digestIndex = 'digest'
/** Objects at most; images that no pod runs go first. */
export const maxImages = 5000
/** Sightings that wait to be written; more are dropped, and come again with the next request. */
const maxSightings = 10_000
const workers = 4
/** Changes of the pods that run an image are written together. */
export const runningMs = 500

export interface EvaluatedRules {
  /** Titles of the policies. */
  readonly policies: readonly string[]
  /** See `PolicyState.rulesOf`. */
  readonly rules: string
}

interface Sighting {
  mediaType?: string
  platforms: FoundImage['platforms']
  readonly references: Set<string>
  readonly verdicts: Map<string, ImageVerdict>
  software?: SoftwareSighting
}

/** The digests of a pod's images, for its index. A finished pod runs nothing. */
export function digestsOf({ spec }: PodImages): string[] {
  if (spec.phase === 'Succeeded' || spec.phase === 'Failed') return []
  return [...new Set(spec.images.flatMap(({ digest }) => digest ?? []))]
}

export class ImageRecords {
  readonly #parts: ImageRecordsParts
  readonly #queue: WorkQueue
  readonly #seen = new Map<Digest, Sighting>()

  constructor(parts: ImageRecordsParts) {
    this.#parts = parts
    this.#queue = new WorkQueue({ clock: parts.clock, firstBackoffMs: 50, maxBackoffMs: 30_000 })
  }

  /** An image was asked for, or evaluated again by these rules. False if it has to be evaluated once more, when its registry answers. */
  note(namespace: string, found: Partial<FoundImage> & Pick<FoundImage, 'digest'>, answer: ImageAnswer, by: EvaluatedRules): boolean {
    if (!answer.known) return answer.reason === 'Malformed'
    if (answer.unread === true && this.#stands(namespace, found.digest, by)) return true
    const seen = this.#sighting(found.digest)
    if (seen === undefined) return false
    if (found.mediaType !== undefined) seen.mediaType = found.mediaType
    if (found.platforms !== undefined) seen.platforms = found.platforms
    seen.references.add(answer.image)
    const { verdict, identities, message, time } = answer
    seen.verdicts.set(namespace, {
      ...{ namespace, verdict, policies: [...by.policies], identities: [...identities] },
      ...(message === '' ? {} : { message: message.slice(0, 4096) }),
      rules: by.rules,
      time: formatTime(time),
    })
    this.#queue.add(found.digest)
    return answer.unread !== true
  }

  /** What was verified by the same rules stays verified while the registry is away. */
  #stands(namespace: string, digest: Digest, { rules }: EvaluatedRules): boolean {
    const verdicts = this.#parts.images.get('', imageName(digest))?.status?.verdicts ?? []
    return verdicts.some(known => known.namespace === namespace && known.verdict === 'Verified' && known.rules === rules)
  }

  /** What is in an image, or what is known of it, was found out. */
  noteSoftware(digest: Digest, software: SoftwareSighting): void {
    const seen = this.#sighting(digest)
    if (seen === undefined) return
    seen.software = { ...seen.software, ...software }
    this.#queue.add(digest)
  }

  /** A pod with this digest came, changed or went. */
  podChanged(digest: string, reference: string): void {
    if (!isDigest(digest)) return
    this.#sighting(digest)?.references.add(reference)
    // A workload that grows changes one Image many times.
    this.#queue.addAfter(digest, runningMs)
  }

  /** Writes until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#parts
    const work = async () => {
      for (;;) {
        const key = await this.#queue.take()
        if (key === undefined) return
        try {
          if (isDigest(key)) await this.#write(key, signal)
          this.#queue.forget(key)
        } catch (err) {
          if (signal.aborted) return
          log.error('cannot write an Image', { image: key, err })
          this.#queue.addBackedOff(key)
        } finally {
          this.#queue.done(key)
        }
      }
    }
    const stop = () => this.#queue.stop()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    await Promise.all(Array.from({ length: workers }, work))
  }

  #sighting(digest: Digest): Sighting | undefined {
    const known = this.#seen.get(digest)
    if (known !== undefined || this.#seen.size >= maxSightings) return known
    const fresh: Sighting = { platforms: [], references: new Set(), verdicts: new Map() }
    this.#seen.set(digest, fresh)
    return fresh
  }

  async #write(digest: Digest, signal: AbortSignal): Promise<void> {
    const { client, images: known, pods } = this.#parts
    const current = known.get('', imageName(digest))
    const names = pods.byIndex(digestIndex, digest).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    const seen = this.#seen.get(digest)
    this.#seen.delete(digest)
    if (seen === undefined && current === undefined && names.length === 0) return
    const sighting: ImageSighting = { digest, ...(seen ?? { platforms: [], references: new Set(), verdicts: new Map() }) }
    const next = planImage(current, sighting, { names: names.toSorted() })
    if (next === undefined) return
    try {
      if (current === undefined) {
        await this.#makeRoom(signal)
        await client.create(images, '', next, signal)
      } else await client.update(images, next, signal)
    } catch (err) {
      if (seen !== undefined) this.#again(digest, seen)
      // Written or deleted meanwhile: the cache shows it soon.
      if (isReason(err, 'Conflict') || isReason(err, 'AlreadyExists') || isReason(err, 'NotFound')) return this.#queue.addAfter(digest, 50)
      throw err
    }
  }

  /** What came meanwhile is newer. */
  #again(digest: Digest, seen: Sighting): void {
    const newer = this.#seen.get(digest)
    if (newer === undefined) {
      this.#seen.set(digest, seen)
      return
    }
    for (const reference of seen.references) newer.references.add(reference)
    if (seen.software !== undefined) newer.software = { ...seen.software, ...newer.software }
    for (const [namespace, verdict] of seen.verdicts) if (!newer.verdicts.has(namespace)) newer.verdicts.set(namespace, verdict)
  }

  async #makeRoom(signal: AbortSignal): Promise<void> {
    const { client, images: known } = this.#parts
    const all = known.list()
    if (all.length < maxImages) return
    const idle = all.filter(({ status }) => (status?.running?.pods ?? 0) === 0)
    const oldest = idle.toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))[0]
    if (oldest === undefined) return
    await client.delete(images, '', oldest.metadata.name ?? '', {}, signal)
  }
}
