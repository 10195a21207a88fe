// Binds the volumes of a pod's claims, before the pod is bound to its node.
import type { PersistentVolumeClaim, Pod } from '../api/types/core-v1.ts'
import type { InformerPool } from '../client/cache/informer-pool.ts'
import { candidateVolumes, indexVolumes } from '../client/cache/volume-index.ts'
import { bindCompleted, boundVolume, selectedNode } from '../client/cache/volume-match.ts'
import type { Client } from '../client/client.ts'
import { persistentVolumeClaims, persistentVolumes, storageClasses } from '../client/resources.ts'
import type { Cluster, VolumeView } from './framework/cluster-state.ts'
import { planVolumes, podClaims, type VolumePlan } from './framework/pod-claims.ts'

/** Upstream's bindTimeoutSeconds, because a provisioner may be slow. */
const bindTimeoutMs = 600_000

export class VolumeBinder {
  readonly view: VolumeView
  readonly #client: Client
  readonly #taken = new Set<string>()
  readonly #claims
  readonly #volumes
  readonly #classes
  /** Callbacks of pods whose claims are not bound yet. */
  readonly #waiting = new Set<() => void>()

  /** `changed` is called when claims, volumes or classes change. */
  constructor(client: Client, informers: InformerPool, changed: () => void) {
    this.#client = client
    this.#claims = informers.full(persistentVolumeClaims)
    this.#volumes = informers.full(persistentVolumes)
    this.#classes = informers.full(storageClasses)
    const wake = () => {
      for (const look of this.#waiting) look()
      changed()
    }
    for (const cache of [this.#claims, this.#volumes, this.#classes]) cache.onChange({ add: wake, update: wake, delete: wake })
    indexVolumes(this.#volumes)
    this.view = {
      claim: (namespace, name) => this.#claims.get(namespace, name),
      volume: name => this.#volumes.get('', name),
      candidates: claim => candidateVolumes(this.#volumes, claim),
      storageClass: name => this.#classes.get('', name),
      taken: this.#taken,
    }
  }

  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#claims.synced(signal), this.#volumes.synced(signal), this.#classes.synced(signal)])
  }

  /** Undefined if there is nothing to do. What it reserves stays reserved until `release`. */
  reserve(pod: Pod, nodeName: string, { nodes }: Cluster): VolumePlan | undefined {
    const claims = podClaims(pod, this.view)
    if (claims === undefined || typeof claims === 'string' || claims.waiting.length === 0) return undefined
    const node = nodes.find(({ name }) => name === nodeName)
    const plan = node && planVolumes(claims, node, this.view)
    if (plan === undefined || !('bind' in plan)) return undefined
    for (const { volume } of plan.bind) this.#taken.add(volume.metadata.name ?? '')
    return plan
  }

  release(plan: VolumePlan): void {
    for (const { volume } of plan.bind) this.#taken.delete(volume.metadata.name ?? '')
  }

  /** Resolves when all claims of the plan are bound. Rejects if one is deleted, or after ten minutes. */
  async bind(plan: VolumePlan, node: string, signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(bindTimeoutMs)])
    for (const { claim, volume } of plan.bind) await this.#client.update(persistentVolumes, boundVolume(volume, claim), limit)
    for (const claim of plan.provision) {
      if (claim.metadata.annotations?.[selectedNode] === node) continue
      const annotations = { ...claim.metadata.annotations, [selectedNode]: node }
      await this.#client.update(persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, annotations } }, limit)
    }
    const claims = [...plan.bind.map(({ claim }) => claim), ...plan.provision]
    await this.#until(() => claims.every(claim => this.#isBound(claim)), limit)
  }

  /** Throws if the claim can no longer be bound. */
  #isBound({ metadata: { namespace = '', name = '', uid } }: PersistentVolumeClaim): boolean {
    const now = this.#claims.get(namespace, name)
    if (now === undefined || now.metadata.uid !== uid) throw new Error(`persistentvolumeclaim "${name}" no longer exists`)
    return now.status?.phase === 'Bound' && now.metadata.annotations?.[bindCompleted] !== undefined
  }

  async #until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => {
      try {
        if (holds()) resolve()
      } catch (err) {
        reject(err)
      }
    }
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    this.#waiting.add(look)
    try {
      signal.throwIfAborted()
      look()
      await promise
    } finally {
      this.#waiting.delete(look)
      signal.removeEventListener('abort', stop)
    }
  }
}
