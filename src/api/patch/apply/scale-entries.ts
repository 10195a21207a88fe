// Converts managers of an object's replicas to managers of its Scale, and back: a Scale shows one field of its parent under another name.
import type { ManagedFieldsEntry } from '../../object.ts'
import { difference, type FieldSet, intersection, isEmpty, member } from './field-set.ts'
import { type Manager, type Managers, readManagers, withSet, writeManagers } from './managers.ts'

const scaleVersion = 'autoscaling/v1'

export interface ReplicasPaths {
  /** Of the request's path. */
  readonly apiVersion: string
  /** Names of the fields that lead to the replicas; null in a version without a scale, undefined for one that is not served. */
  pathIn(apiVersion: string): readonly string[] | null | undefined
}

type Entries = readonly ManagedFieldsEntry[] | undefined

const setOf = (path: readonly string[]): FieldSet => path.reduceRight<FieldSet>((below, name) => ({ [`f:${name}`]: below }), member)
const replicasOfScale = setOf(['spec', 'replicas'])

/** Managers of the parent's replicas, as those of the Scale's. */
export function scaleEntries(parent: Entries, paths: ReplicasPaths): ManagedFieldsEntry[] | undefined {
  const scale: Managers = new Map()
  for (const [key, manager] of readManagers(parent ?? []) ?? []) {
    if (!hasPath(manager, paths)) continue
    scale.set(key, { ...manager, apiVersion: scaleVersion, set: replicasOfScale, entry: undefined })
  }
  return writeManagers(scale)
}

/**
 * The parent's entries after a write of the Scale with the managers `scale`: managers that lost the replicas there lose them here. As
 * upstream, whose key of an updating manager contains the version: in the Scale it is another manager, so it keeps the replicas in a
 * separate entry.
 */
export function parentEntries(parent: Entries, scale: Entries, paths: ReplicasPaths): ManagedFieldsEntry[] | undefined {
  const holders = new Map<string, Manager>()
  for (const [key, manager] of readManagers(scale ?? []) ?? []) {
    if (!isEmpty(intersection(manager.set, replicasOfScale))) holders.set(key, manager)
  }
  const before = readManagers(parent ?? []) ?? new Map<string, Manager>()
  const managers: Managers = new Map()
  for (const [key, manager] of before) {
    const path = paths.pathIn(manager.apiVersion)
    if (path === undefined) continue
    const keeps = path === null || !hasPath(manager, paths) || holders.delete(key)
    managers.set(key, keeps ? manager : withSet(manager, difference(manager.set, setOf(path))))
  }
  const own = paths.pathIn(paths.apiVersion)
  if (own) {
    const set = setOf(own)
    // Only the time of the entry that did not have the replicas.
    for (const [key, manager] of holders)
      managers.set(key, { ...manager, apiVersion: paths.apiVersion, time: before.get(key)?.time, set, entry: undefined })
  }
  return writeManagers(managers)
}

function hasPath({ apiVersion, set }: Manager, { pathIn }: ReplicasPaths): boolean {
  const path = pathIn(apiVersion)
  return path != null && !isEmpty(intersection(set, setOf(path)))
}
