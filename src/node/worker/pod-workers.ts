// All pods of the node: one worker each, driven by the API's pods and the runtime's events.

import type { Pod, Service } from '../../api/types/core-v1.ts'
import { pause } from '../../base/clock.ts'
import type { Informer } from '../../client/cache/informer.ts'
import { podUid } from '../pod/pod-containers.ts'
import { podLabels } from '../pod/pod-state.ts'
import type { PodNode } from './pod-node.ts'
import { PodWorker } from './pod-worker.ts'

export class PodWorkers {
  readonly #node: PodNode
  readonly #workers = new Map<string, { worker: PodWorker; done: Promise<void> }>()
  /**
   * Uids of pods with nothing left here, while the API still has them: for other finalizers, or in a copy that lags behind. A worker
   * started with such a copy would find no containers and report a failed pod.
   */
  readonly #ended = new Set<string>()
  #signal: AbortSignal | undefined

  constructor(node: PodNode) {
    this.#node = node
  }

  get(uid: string): PodWorker | undefined {
    return this.#workers.get(uid)?.worker
  }

  *[Symbol.iterator](): Generator<PodWorker> {
    for (const { worker } of this.#workers.values()) yield worker
  }

  /** Follows the informer's pods and the runtime's events until the signal; resolves when every worker has stopped. */
  async run(pods: Informer<Pod>, services: Informer<Service>, signal: AbortSignal): Promise<void> {
    this.#signal = signal
    await Promise.all([pods.synced(signal), services.synced(signal)])
    const stop = pods.onChange({
      add: pod => this.#update(pod),
      update: pod => this.#update(pod),
      delete: pod => {
        this.#ended.delete(podUid(pod))
        this.get(podUid(pod))?.remove()
      },
    })
    await this.#removeLeft(signal)
    await this.#follow(signal)
    stop()
    await Promise.all([...this.#workers.values()].map(({ done }) => done))
  }

  /** Starts a pass of all pods of a namespace, or of all pods. */
  wake(namespace?: string): void {
    for (const worker of this) if (namespace === undefined || worker.pod.metadata.namespace === namespace) worker.wake()
  }

  #update(pod: Pod): void {
    // The server selects by node; this check protects against a server that does not.
    if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== this.#node.name) return
    const uid = podUid(pod)
    const known = this.#workers.get(uid)
    if (known) {
      known.worker.update(pod)
      return
    }
    const signal = this.#signal
    if (!signal || signal.aborted || this.#ended.has(uid)) return
    const worker = new PodWorker(this.#node, pod)
    const done = worker.run(signal).finally(() => {
      if (signal.aborted) return
      this.#workers.delete(uid)
      if (!worker.removed) this.#ended.add(uid)
      for (const other of this) if (other.waitsForRoom) other.wake()
    })
    this.#workers.set(uid, { worker, done })
  }

  /**
   * Removes containers and folders that no pod of the API owns: of pods that were deleted while no agent ran, whose volumes may contain secrets, and what
   * others started beside the agent.
   */
  async #removeLeft(signal: AbortSignal): Promise<void> {
    const { runtime, host, log } = this.#node
    const left = new Map((await host.podsWithFolders()).map(pod => [pod.uid, pod]))
    for (const { id, labels } of await runtime.listSandboxes({}, signal)) {
      const { [podLabels.uid]: uid = '', [podLabels.namespace]: namespace = '', [podLabels.name]: name = '' } = labels
      // Of a pod whose worker has ended nothing is left, so this is not of the agent.
      if (uid === '' || this.#ended.has(uid)) await this.#removeStray(id, signal)
      else left.set(uid, { uid, namespace, name })
    }
    for (const { uid, namespace, name } of left.values()) {
      if (this.#workers.has(uid)) continue
      log.info('removing a pod that the API no longer has', { pod: `${namespace}/${name}`, uid })
      this.#update({ metadata: { uid, name, namespace, deletionGracePeriodSeconds: 5 }, spec: { containers: [] } })
      this.get(uid)?.remove()
    }
  }

  async #removeStray(sandbox: string, signal: AbortSignal): Promise<void> {
    const { runtime, log } = this.#node
    log.error('removing a sandbox that no pod owns', { sandbox })
    await runtime.removeSandbox(sandbox, signal)
  }

  /** Events of the runtime start a pass of their pod; if the stream breaks, every pod may have changed. What has no pod is removed. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { runtime, clock, log } = this.#node
    let missed = false
    while (!signal.aborted) {
      try {
        if (missed) await this.#removeLeft(signal)
        for await (const { podUid: uid, type } of runtime.events(signal)) {
          const worker = this.get(uid)
          worker?.wake()
          if (uid === '') this.wake()
          if (worker === undefined && type !== 'CONTAINER_DELETED_EVENT') await this.#removeLeft(signal)
        }
      } catch (err) {
        if (!signal.aborted) log.info('runtime events lost, listing instead', { err })
      }
      await pause(clock, 500, signal)
      this.wake()
      missed = true
    }
  }
}
