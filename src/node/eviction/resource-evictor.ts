// Keeps memory and processes of the node from running out: pods have a common limit, and before they or the machine reach their limit, pods
// are evicted one after the other, as upstream's kubelet.
import { type Clock, formatTime, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import type { GroupUsage } from '../machine/cgroups.ts'
import { podText } from '../pod/pod-containers.ts'
import { type EvictablePod, isActive } from './evictable-pod.ts'
import { resourceNote, resourceOrder } from './resource-order.ts'
import type { MetResource, ResourcePressure } from './resource-pressure.ts'

export interface ResourceEvictorOptions {
  readonly pressure: ResourcePressure
  readonly pods: () => Iterable<EvictablePod>
  /** Of the pod's cgroup; undefined if it has none. */
  readonly usage: (pod: EvictablePod) => Promise<GroupUsage | undefined>
  /** Limits the cgroup of all pods. */
  readonly enforce: () => Promise<void>
  readonly nodeEvent: (type: 'Normal' | 'Warning', reason: string, message: string) => void
  readonly clock: Clock
  readonly log: Logger
}

const lookMs = 10_000
/** The next check comes after this, even if an evicted pod has not ended yet. */
const cleanUpMs = 30_000
/** Upstream retries each minute. */
const enforceMs = 60_000
const graceSeconds = 1

export class ResourceEvictor {
  readonly #options: ResourceEvictorOptions
  #isEnforced = false
  #enforcedAt = Number.NEGATIVE_INFINITY

  constructor(options: ResourceEvictorOptions) {
    this.#options = options
  }

  /** Runs until the signal. Failures are logged and retried. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      let evicted = false
      try {
        await this.#enforce()
        evicted = await this.look(signal)
      } catch (err) {
        if (signal.aborted) return
        log.error('memory and processes of the node were not looked after', { err })
      }
      if (!evicted) await pause(clock, lookMs, signal)
    }
  }

  /** Resolves with whether a pod was evicted. */
  async look(signal: AbortSignal): Promise<boolean> {
    const [first] = await this.#options.pressure.look()
    if (first === undefined) return false
    this.#options.nodeEvent('Warning', 'EvictionThresholdMet', `Attempting to reclaim ${first.resource}`)
    return await this.#evictOne(first, signal)
  }

  async #enforce(): Promise<void> {
    const { enforce, nodeEvent, clock, log } = this.#options
    if (this.#isEnforced || clock.monotonic() - this.#enforcedAt < enforceMs) return
    this.#enforcedAt = clock.monotonic()
    try {
      await enforce()
      this.#isEnforced = true
      nodeEvent('Normal', 'NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods')
    } catch (err) {
      log.error('pods are not limited together', { err })
      nodeEvent('Warning', 'FailedNodeAllocatableEnforcement', `Failed to update Node Allocatable Limits: ${messageOf(err)}`)
    }
  }

  async #evictOne(met: MetResource, signal: AbortSignal): Promise<boolean> {
    const { pods, usage, clock, log } = this.#options
    const measured = await Promise.all(
      [...pods()].filter(isActive).map(async evictable => ({ evictable, pod: evictable.pod, usage: await usage(evictable) })),
    )
    const candidates = measured.flatMap(({ usage: used, ...each }) => (used === undefined ? [] : [{ ...each, usage: used }]))
    const [first] = resourceOrder(candidates, met.resource)
    if (first === undefined) {
      log.debug('no pod can be evicted', { resource: met.resource, wanted: met.quantity, available: met.available })
      return false
    }
    const { message, annotations } = resourceNote(first, met)
    const lastTransitionTime = formatTime(clock.now())
    const target = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message, lastTransitionTime }
    log.info('pod evicted', { pod: podText(first.pod), why: message })
    const ended = first.evictable.end({ type: 'Warning', reason: 'Evicted', message, graceSeconds, conditions: [target], annotations })
    const step = new AbortController()
    await Promise.race([ended, pause(clock, cleanUpMs, AbortSignal.any([signal, step.signal]))])
    step.abort()
    return true
  }
}
