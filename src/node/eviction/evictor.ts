// Keeps the node's disks from filling: evicts pods above their limits and removes dead containers. If a disk is short, it removes unused
// images and then evicts one pod after the other, as upstream's kubelet.
import { type Clock, formatTime, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { podText } from '../pod/pod-containers.ts'
import type { PodEnd } from '../pod/pod-termination.ts'
import { removeDeadContainers } from './dead-containers.ts'
import type { DiskPressure } from './disk-pressure.ts'
import { type EvictablePod, hasEnded, isActive } from './evictable-pod.ts'
import { type Candidate, evictionNote, evictionOrder, storageKinds } from './eviction-order.ts'
import type { ImageCollector } from './image-collector.ts'
import { podStorage, storagePaths } from './pod-storage.ts'
import { hasStorageLimit, storageExcess } from './storage-limits.ts'
import type { DiskFacts, DiskResource, MetThreshold } from './thresholds.ts'

export interface EvictorOptions {
  readonly pressure: DiskPressure
  readonly pods: () => Iterable<EvictablePod>
  readonly runtime: ContainerRuntime
  readonly images: ImageCollector
  readonly podsDirectory: string
  /** Usage of folders, by path. */
  readonly usage: (paths: readonly string[], resource: DiskResource, signal: AbortSignal) => Promise<ReadonlyMap<string, number>>
  readonly nodeEvent: (type: 'Normal' | 'Warning', reason: string, message: string) => void
  readonly clock: Clock
  readonly log: Logger
}

const lookMs = 10_000
/** Upstream collects containers every minute and images every five. */
const containersMs = 60_000
const imagesMs = 300_000
/** The next check comes after this, even if an evicted pod has not ended yet. */
const cleanUpMs = 30_000
const graceSeconds = 1

export class Evictor {
  readonly #options: EvictorOptions
  #containersAt = Number.NEGATIVE_INFINITY
  #imagesAt = Number.NEGATIVE_INFINITY
  #imagesFailed = false

  constructor(options: EvictorOptions) {
    this.#options = options
  }

  /** Runs until the signal. Failures are logged and retried. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      let evicted = false
      try {
        evicted = await this.look(signal)
        await this.#collect(signal)
      } catch (err) {
        if (signal.aborted) return
        log.error('the disks of the node were not looked after', { err })
      }
      if (!evicted) await pause(clock, lookMs, signal)
    }
  }

  /** Resolves with whether a pod was evicted. */
  async look(signal: AbortSignal): Promise<boolean> {
    const { facts, met } = await this.#options.pressure.look()
    const active = [...this.#options.pods()].filter(isActive)
    if (
      await this.#evictExcessive(
        active.filter(({ pod }) => hasStorageLimit(pod)),
        facts,
        signal,
      )
    )
      return true
    const [first] = met
    if (first === undefined) return false
    this.#options.nodeEvent('Warning', 'EvictionThresholdMet', `Attempting to reclaim ${first.resource}`)
    if (await this.#reclaim(first, facts, signal)) return false
    return await this.#evictOne(active, first, facts, signal)
  }

  /** Evicts all pods above a limit of their own. */
  async #evictExcessive(pods: readonly EvictablePod[], { dedicated }: DiskFacts, signal: AbortSignal): Promise<boolean> {
    const measured = await this.#measure(pods, 'ephemeral-storage', signal)
    const ended = measured.flatMap(({ evictable, storage }) => {
      const message = storageExcess(evictable.pod, storage, dedicated)
      return message === undefined ? [] : [this.#evict(evictable, { type: 'Warning', reason: 'Evicted', message, graceSeconds })]
    })
    await this.#cleanedUp(ended, signal)
    return ended.length > 0
  }

  /** Removes unused images. Resolves with whether there is enough space again. */
  async #reclaim({ signal: threshold }: MetThreshold, { dedicated }: DiskFacts, signal: AbortSignal): Promise<boolean> {
    // Neither images nor container file systems are on that disk.
    if (dedicated && threshold !== 'imagefs.available') return false
    await this.#removeDead(uid => this.#isOver(uid), signal)
    await this.#options.images.collectAll(signal)
    return (await this.#options.pressure.look()).met.length === 0
  }

  async #evictOne(pods: readonly EvictablePod[], met: MetThreshold, { dedicated }: DiskFacts, signal: AbortSignal): Promise<boolean> {
    const { clock, log } = this.#options
    const candidates = await this.#measure(pods, met.resource, signal)
    const [first] = evictionOrder(candidates, met.resource, storageKinds(met, dedicated))
    if (first === undefined) {
      log.debug('no pod can be evicted from the full disk', { signal: met.signal, wanted: met.quantity, available: met.available })
      return false
    }
    const { message, annotations } = evictionNote(first, met)
    const lastTransitionTime = formatTime(clock.now())
    const target = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message, lastTransitionTime }
    const end = { type: 'Warning', reason: 'Evicted', message, graceSeconds, conditions: [target], annotations } as const
    await this.#cleanedUp([this.#evict(first.evictable, end)], signal)
    return true
  }

  #evict(evictable: EvictablePod, end: PodEnd): Promise<void> {
    this.#options.log.info('pod evicted', { pod: podText(evictable.pod), why: end.message })
    return evictable.end(end)
  }

  async #cleanedUp(ended: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
    if (ended.length === 0) return
    const step = new AbortController()
    await Promise.race([Promise.all(ended), pause(this.#options.clock, cleanUpMs, AbortSignal.any([signal, step.signal]))])
    step.abort()
  }

  async #measure(
    pods: readonly EvictablePod[],
    resource: DiskResource,
    signal: AbortSignal,
  ): Promise<(Candidate & { readonly evictable: EvictablePod })[]> {
    if (pods.length === 0) return []
    const { runtime, podsDirectory, usage } = this.#options
    const paths = pods.flatMap(pod => storagePaths(pod, podsDirectory))
    const [folders, all] = await Promise.all([usage(paths, resource, signal), runtime.containerStats({}, signal)])
    const stats = new Map(all.map(one => [one.id, one]))
    return pods.map(evictable => ({
      evictable,
      pod: evictable.pod,
      storage: podStorage(evictable, podsDirectory, { folders, stats, resource }),
    }))
  }

  async #collect(signal: AbortSignal): Promise<void> {
    const { clock, pressure } = this.#options
    const now = clock.monotonic()
    if (now - this.#containersAt >= containersMs) {
      this.#containersAt = now
      await this.#removeDead(() => false, signal)
    }
    if (now - this.#imagesAt >= imagesMs) {
      this.#imagesAt = now
      await this.#collectImages((await pressure.look()).facts, signal)
    }
  }

  async #collectImages({ imagefs }: DiskFacts, signal: AbortSignal): Promise<void> {
    const { images, nodeEvent, log } = this.#options
    const collection = await images.collect(imagefs, signal)
    if (collection === undefined || collection.freedBytes >= collection.wantedBytes) {
      this.#imagesFailed = false
      return
    }
    const { wantedBytes, freedBytes } = collection
    const message = `Failed to garbage collect required amount of images. Attempted to free ${wantedBytes} bytes, but only found ${freedBytes} bytes eligible to free.`
    nodeEvent('Warning', 'FreeDiskSpaceFailed', message)
    // Upstream's second event, if it fails repeatedly.
    if (this.#imagesFailed) nodeEvent('Warning', 'ImageGCFailed', message)
    this.#imagesFailed = true
    log.error('the disk of images stays full', { wantedBytes, freedBytes })
  }

  #removeDead(isOver: (uid: string) => boolean, signal: AbortSignal): Promise<void> {
    const { runtime, log } = this.#options
    return removeDeadContainers(runtime, isOver, log, signal)
  }

  #isOver(uid: string): boolean {
    for (const pod of this.#options.pods()) if (pod.uid === uid) return hasEnded(pod)
    return false
  }
}
