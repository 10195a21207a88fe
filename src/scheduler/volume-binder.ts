// Binds the volumes of a pod's claims, before the pod is bound to its node.
import { compareQuantities, parseQuantity } from '../api/quantity/quantity.ts'
import type { PersistentVolumeClaim, Pod } from '../api/types/core-v1.ts'
import type { StorageClass } from '../api/types/storage-v1.ts'
import { cannotEncryptAnnotation } from '../api/volumes/local-volume-names.ts'
import type { InformerPool } from '../client/cache/informer-pool.ts'
import { selects } from '../client/cache/label-selector.ts'
import { candidateVolumes, indexVolumes } from '../client/cache/volume-index.ts'
import { bindCompleted, boundVolume, selectedNode } from '../client/cache/volume-match.ts'
import type { Client } from '../client/client.ts'
import {
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '../client/resources.ts'
import type { Cluster, StorageCapacity, VolumeView } from './framework/cluster-state.ts'
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
  readonly #capacities
  readonly #drivers
  readonly #csiNodes
  #state = {}
  /** Callbacks of pods whose claims are not bound yet. */
  readonly #waiting = new Set<() => void>()

  /** `changed` is called when claims, volumes or classes change. */
  constructor(client: Client, informers: InformerPool, changed: () => void) {
    this.#client = client
    this.#claims = informers.full(persistentVolumeClaims)
    this.#volumes = informers.full(persistentVolumes)
    this.#classes = informers.full(storageClasses)
    this.#drivers = informers.full(csiDrivers)
    this.#csiNodes = informers.full(csiNodes)
    this.#capacities = informers.full(csiStorageCapacities)
    this.#capacities.addIndex('class', ({ storageClassName }) => [storageClassName])
    const wake = () => {
      for (const look of this.#waiting) look()
      changed()
    }
    const renew = () => {
      this.#state = {}
    }
    for (const cache of [this.#claims, this.#volumes, this.#classes]) cache.onChange({ add: renew, update: renew, delete: renew })
    for (const cache of [this.#claims, this.#volumes, this.#classes, this.#capacities, this.#drivers, this.#csiNodes])
      cache.onChange({ add: wake, update: wake, delete: wake })
    indexVolumes(this.#volumes)
    const state = () => this.#state
    this.view = {
      get state() {
        return state()
      },
      claim: (namespace, name) => this.#claims.get(namespace, name),
      volume: name => this.#volumes.get('', name),
      candidates: claim => candidateVolumes(this.#volumes, claim),
      storageClass: name => this.#classes.get('', name),
      capacity: (storageClass, labels) => this.#capacityOf(storageClass, labels),
      volumeLimit: (node, driver) => this.#csiNodes.get('', node)?.spec.drivers?.find(({ name }) => name === driver)?.allocatable?.count,
      taken: this.#taken,
    }
  }

  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#claims.synced(signal),
      this.#volumes.synced(signal),
      this.#classes.synced(signal),
      this.#capacities.synced(signal),
      this.#drivers.synced(signal),
      this.#csiNodes.synced(signal),
    ])
  }

  #capacityOf({ metadata, provisioner }: StorageClass, labels: Readonly<Record<string, string>>): StorageCapacity | undefined {
    if (this.#drivers.get('', provisioner)?.spec.storageCapacity !== true) return undefined
    let best: StorageCapacity | undefined
    for (const { nodeTopology, capacity, maximumVolumeSize, metadata: own } of this.#capacities.byIndex('class', metadata.name ?? '')) {
      if (nodeTopology == null || !selects(nodeTopology, labels)) continue
      const bytes = String(maximumVolumeSize ?? capacity ?? '0')
      if (best !== undefined && compareQuantities(parseQuantity(bytes), parseQuantity(best.bytes)) <= 0) continue
      best = { bytes, cannotEncrypt: own.annotations?.[cannotEncryptAnnotation] !== undefined }
    }
    return best ?? { bytes: '0', cannotEncrypt: false }
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
    const isDone = () =>
      plan.bind.every(({ claim }) => this.#isBound(claim, false)) && plan.provision.every(claim => this.#isBound(claim, true))
    await this.#until(isDone, limit)
  }

  /** Throws if the claim can no longer be bound. */
  #isBound({ metadata: { namespace = '', name = '', uid, resourceVersion } }: PersistentVolumeClaim, isProvisioned: boolean): boolean {
    const now = this.#claims.get(namespace, name)
    if (now === undefined || now.metadata.uid !== uid) throw new Error(`persistentvolumeclaim "${name}" no longer exists`)
    // Its provisioner could not make the volume on the chosen node. An older copy does not show the chosen node yet.
    const isNewer = now.metadata.resourceVersion !== resourceVersion
    if (isProvisioned && isNewer && now.metadata.annotations?.[selectedNode] === undefined && now.status?.phase !== 'Bound')
      throw new Error(`provisioning failed for PVC "${name}"`)
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
