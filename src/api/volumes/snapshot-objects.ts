// The kinds of snapshots as controllers read them. Their definitions, which the server enforces, are in
// src/cluster/bootstrap/snapshot-kinds; an administrator may have replaced them, so everything but names may be missing.
import type { ObjectMeta } from '../object.ts'
import type { ObjectReference } from '../types/core-v1.ts'

export interface SnapshotError {
  readonly message?: string
  readonly time?: string
}

export interface VolumeSnapshot {
  readonly kind?: string
  readonly apiVersion?: string
  readonly metadata: ObjectMeta
  readonly spec: {
    readonly source: { readonly persistentVolumeClaimName?: string; readonly volumeSnapshotContentName?: string }
    readonly volumeSnapshotClassName?: string
  }
  readonly status?: VolumeSnapshotStatus
}

export interface VolumeSnapshotStatus {
  readonly boundVolumeSnapshotContentName?: string
  readonly creationTime?: string
  readonly readyToUse?: boolean
  /** A quantity. */
  readonly restoreSize?: string
  readonly error?: SnapshotError
}

export interface VolumeSnapshotContent {
  readonly kind?: string
  readonly apiVersion?: string
  readonly metadata: ObjectMeta
  readonly spec: {
    readonly deletionPolicy: string
    readonly driver: string
    readonly source: { readonly volumeHandle?: string; readonly snapshotHandle?: string }
    readonly sourceVolumeMode?: string
    readonly volumeSnapshotClassName?: string
    readonly volumeSnapshotRef: ObjectReference
  }
  readonly status?: VolumeSnapshotContentStatus
}

export interface VolumeSnapshotContentStatus {
  readonly snapshotHandle?: string
  /** Nanoseconds since the epoch. */
  readonly creationTime?: number | bigint
  readonly readyToUse?: boolean
  /** Bytes. */
  readonly restoreSize?: number
  readonly error?: SnapshotError
}

export interface VolumeSnapshotClass {
  readonly kind?: string
  readonly apiVersion?: string
  readonly metadata: ObjectMeta
  readonly driver: string
  readonly deletionPolicy: string
  readonly parameters?: Readonly<Record<string, string>>
}
