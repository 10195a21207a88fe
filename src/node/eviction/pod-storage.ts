// A pod's usage of the node's disks: its containers' file systems, their logs, and its volumes on disk.
import { join } from 'node:path'
import type { Pod, Volume } from '../../api/types/core-v1.ts'
import type { ContainerStats } from '../cri/messages.ts'
import { containersOf } from '../pod/pod-containers.ts'
import { newestContainer, type PodState } from '../pod/pod-state.ts'
import type { DiskResource } from './thresholds.ts'

export interface ContainerStorage {
  readonly name: string
  readonly layer: number
  readonly logs: number
}

/** In bytes, or in inodes. */
export interface PodStorage {
  readonly containers: readonly ContainerStorage[]
  readonly volumes: ReadonlyMap<string, number>
}

export type StorageKind = 'layers' | 'logs' | 'volumes'

export interface MeasuredPod {
  readonly uid: string
  readonly pod: Pod
  readonly state: PodState
  readonly logDirectory: string
}

/** Volumes that are folders of the pod on the node's disk; volumes in memory count as memory. */
const isOnDisk = ({ emptyDir, configMap }: Volume): boolean =>
  (emptyDir !== undefined && emptyDir.medium !== 'Memory') || configMap !== undefined

const logsOf = ({ logDirectory }: MeasuredPod, container: string): string => join(logDirectory, container)
const volumeOf = ({ uid }: MeasuredPod, podsDirectory: string, volume: string): string => join(podsDirectory, uid, 'volumes', volume)

/** Folders to measure. */
export function storagePaths(measured: MeasuredPod, podsDirectory: string): string[] {
  const { pod } = measured
  const volumes = (pod.spec.volumes ?? []).filter(isOnDisk)
  return [
    ...containersOf(pod).map(({ spec }) => logsOf(measured, spec.name)),
    ...volumes.map(({ name }) => volumeOf(measured, podsDirectory, name)),
  ]
}

export interface Counted {
  /** Folders, by path. */
  readonly folders: ReadonlyMap<string, number>
  /** Container file systems, by container id. */
  readonly stats: ReadonlyMap<string, ContainerStats>
  readonly resource: DiskResource
}

/** Only the last run of a restarted container counts, as upstream. */
export function podStorage(measured: MeasuredPod, podsDirectory: string, { folders, stats, resource }: Counted): PodStorage {
  const { pod, state } = measured
  return {
    containers: containersOf(pod).map(({ spec: { name } }) => {
      const layer = stats.get(newestContainer(state, name)?.id ?? '')?.writableLayer
      return { name, layer: (resource === 'inodes' ? layer?.inodes : layer?.bytes) ?? 0, logs: folders.get(logsOf(measured, name)) ?? 0 }
    }),
    volumes: new Map(
      (pod.spec.volumes ?? []).filter(isOnDisk).map(({ name }) => [name, folders.get(volumeOf(measured, podsDirectory, name)) ?? 0]),
    ),
  }
}

export function totalStorage({ containers, volumes }: PodStorage, kinds: readonly StorageKind[]): number {
  const sums: Record<StorageKind, number> = {
    layers: containers.reduce((sum, { layer }) => sum + layer, 0),
    logs: containers.reduce((sum, { logs }) => sum + logs, 0),
    volumes: [...volumes.values()].reduce((sum, bytes) => sum + bytes, 0),
  }
  return kinds.reduce((sum, kind) => sum + sums[kind], 0)
}
