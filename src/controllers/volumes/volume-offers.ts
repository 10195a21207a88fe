// Offers each free volume to one pending claim, so that a thousand of both do not all check all.
import type { PersistentVolume } from '../../api/types/core-v1.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { matchingVolume, volumeClass } from '../../client/cache/volume-match.ts'
import { persistentVolumeClaims, storageClasses } from '../../client/resources.ts'
import type { Context } from '../controller.ts'
import { waitsForConsumer } from './claim-binding-plan.ts'

/** Claims without a volume: by `class NAME`, and those without a class as `unnamed`. */
export const pendingIndex = 'pending'

export class VolumeOffers {
  readonly #context: Context
  /** Claim -> the volume offered to it and not checked yet: the next volume is offered to another claim. */
  readonly #offered = new Map<string, string>()
  /** Names of volumes that were bound just now, which the cache may not show yet. */
  readonly taken = new Set<string>()

  constructor(context: Context) {
    this.#context = context
  }

  /** A volume was added or changed. */
  offer(volume: PersistentVolume): void {
    const { name = '' } = volume.metadata
    if (volume.spec.claimRef != null) this.taken.delete(name)
    const key = this.taken.has(name) ? undefined : this.#claimFor(volume)
    if (key === undefined) return
    this.#offered.set(key, name)
    this.#context.enqueue(key)
  }

  /** The claim is being processed; returns the name of the volume that it was offered. */
  looks(key: string): string | undefined {
    const name = this.#offered.get(key)
    this.#offered.delete(key)
    return name
  }

  /** The first claim that the volume satisfies, if it is unbound: it can be bound only once. */
  #claimFor(volume: PersistentVolume): string | undefined {
    if (volume.spec.claimRef != null || volume.status?.phase !== 'Available') return undefined
    const { informers } = this.#context
    const storageClass = informers.full(storageClasses).get('', volumeClass(volume))
    const waiting = informers.full(persistentVolumeClaims).byIndex(pendingIndex, `class ${volumeClass(volume)}`)
    const first = waiting.find(claim => {
      if (this.#offered.has(keyOf(claim))) return false
      const { volumeName = '' } = claim.spec
      if (volumeName !== '') return volumeName === volume.metadata.name
      return !waitsForConsumer(claim, storageClass) && matchingVolume(claim, [volume]) !== undefined
    })
    return first && keyOf(first)
  }
}
