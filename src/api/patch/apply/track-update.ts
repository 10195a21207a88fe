// Updates managers after a write that is no apply: a writer takes every changed field from all other managers.
import { type Budget, yieldIfDue } from '../../../base/async/turns.ts'
import type { KubeObject, ManagedFieldsEntry } from '../../object.ts'
import type { StructType } from '../../schema/model.ts'
import { added, compare, type Difference, modified, pathsOf, removed } from './compare.ts'
import { difference, emptySet, type FieldSet, isEmpty, union } from './field-set.ts'
import { capManagers, type Managers, managerKey, readManagers, withSet, writeManagers } from './managers.ts'
import { fieldsOfOutline } from './outline.ts'
import type { PathFilter } from './path-filter.ts'
import { followSchema } from './schema-change.ts'
import type { Shape } from './shape.ts'

/** A write, from the view of field management. */
export interface FieldWrite {
  /** The `fieldManager` of the request, or the beginning of its User-Agent. */
  readonly manager: string
  /** Of the request's path. */
  readonly apiVersion: string
  /** '' for the main path. */
  readonly subresource: string
  /** RFC 3339, to the second. */
  readonly time: string
  readonly shape: Shape
  /** Undefined for kinds without a schema. */
  readonly type: StructType | undefined
  /** A new object of the kind before any field is set: its empty structs. Never modified. */
  readonly empty: KubeObject
  /** The fields that this path may change: the main path not the status, `/status` not the spec. */
  readonly filter: PathFilter
  /** Yields between steps, which take long for large objects. */
  readonly budget: Budget
  /** Another served version of the resource; undefined if there is none of that name. */
  version(apiVersion: string): FieldVersion | undefined
}

export interface FieldVersion {
  readonly shape: Shape
  /** Neither this nor the next function modifies its argument. */
  convert(object: KubeObject): Promise<KubeObject>
  /** As `convert`, for versions whose conversion is expensive. */
  convertBoth?(live: KubeObject, next: KubeObject): Promise<readonly [KubeObject, KubeObject]>
  restore(object: KubeObject): Promise<KubeObject>
}

/** The changes of a write, in the field names of one version. */
export interface Changes {
  /** Added or modified. */
  readonly changed: FieldSet
  readonly gone: FieldSet
}

export type ChangesIn = (apiVersion: string) => Promise<Changes | undefined>

/** Undefined for a version that is no longer served. `own` is the difference in the version of the write. */
export function changesOf(live: KubeObject, next: KubeObject, own: Difference | undefined, write: FieldWrite): ChangesIn {
  const known = new Map([[write.apiVersion, changesIn(own, write.filter)]])
  return async apiVersion => {
    const found = known.get(apiVersion)
    if (found !== undefined) return found
    const version = write.version(apiVersion)
    if (version === undefined) return undefined
    const [before, after] = (await version.convertBoth?.(live, next)) ?? [await version.convert(live), await version.convert(next)]
    const changes = changesIn(compare(before, after, version.shape), write.filter)
    known.set(apiVersion, changes)
    return changes
  }
}

function changesIn(found: Difference | undefined, filter: PathFilter): Changes {
  const changed = pathsOf(found, added | modified)
  const gone = pathsOf(found, removed)
  return filter === undefined ? { changed, gone } : { changed: filter(changed), gone: filter(gone) }
}

/** Managers that wrote through a version that is no longer served own nothing. */
export function dropObsolete(managers: Managers, write: FieldWrite): void {
  for (const [key, { apiVersion }] of managers) if (isObsolete(apiVersion, write)) managers.delete(key)
}

function isObsolete(apiVersion: string | undefined, write: FieldWrite): boolean {
  return apiVersion !== write.apiVersion && (apiVersion === undefined || write.version(apiVersion) === undefined)
}

/** Fields that the server sets, and that every object must have: owned by no one. */
const unowned: FieldSet = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    ...Object.fromEntries(
      ['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
        name => [`f:${name}`, {}],
      ),
    ),
  },
}

export function withoutUnowned(set: FieldSet): FieldSet {
  return difference(set, unowned)
}

/**
 * The entries to write with `object`. `live` is the object before (an empty one of the kind for a creation) and `sent` the client's
 * entries, which apply on the main path; an empty list there, or a list of one empty entry, resets all managers. Objects without managers
 * stay so until the first apply.
 */
export async function trackUpdate(
  live: KubeObject,
  object: KubeObject,
  sent: readonly ManagedFieldsEntry[] | undefined,
  write: FieldWrite,
): Promise<ManagedFieldsEntry[] | undefined> {
  const before = live.metadata.managedFields
  const chosenOf = write.subresource === '' && sent !== undefined ? chosen(sent, before) : { entries: before }
  const given = chosenOf.entries
  const isNew = !live.metadata.uid
  if (!isNew && (given === undefined || given.length === 0)) return undefined
  // Equal on both sides, so that the comparison skips them.
  if (before === undefined) delete object.metadata.managedFields
  else object.metadata.managedFields = before
  if (live === write.empty && given === undefined) return writeManagers(ownerOfNew(object, write))
  if (chosenOf.managers !== undefined) await yieldIfDue(write.budget)
  const found = compare(live, object, write.shape)
  const read = chosenOf.managers
  const stays = found === undefined && !given?.some(({ apiVersion }) => isObsolete(apiVersion, write))
  if (stays && write.type !== undefined) return read === undefined ? before : writeManagers(read)
  const managers: Managers = read ?? readManagers(given ?? []) ?? new Map()
  const followed = followSchema(managers, write)
  if (stays && !followed) return read === undefined ? before : writeManagers(managers)
  dropObsolete(managers, write)
  await yieldIfDue(write.budget)
  const changes = changesOf(live, object, found, write)
  await yieldIfDue(write.budget)
  await takeFrom(managers, changes, write.budget)
  await yieldIfDue(write.budget)
  await give(managers, changes, write)
  await yieldIfDue(write.budget)
  capManagers(managers)
  return writeManagers(managers)
}

/** A new object has no other managers. */
function ownerOfNew(object: KubeObject, write: FieldWrite): Managers {
  const { shape, empty, filter } = write
  const set = fieldsOfOutline(object, shape, empty, filter, () => {
    const changed = pathsOf(compare(empty, object, shape), added | modified)
    return withoutUnowned(filter === undefined ? changed : filter(changed))
  })
  const managers: Managers = new Map()
  if (!isEmpty(set)) putOwn(managers, set, write)
  return managers
}

/** The effective entries, and the managers of the client's entries: the last one, if a manager has several. */
interface Chosen {
  readonly entries: readonly ManagedFieldsEntry[] | undefined
  readonly managers?: Managers
}

function chosen(sent: readonly ManagedFieldsEntry[], before: ManagedFieldsEntry[] | undefined): Chosen {
  const [first] = sent
  if (first === undefined || (sent.length === 1 && Object.keys(first).length === 0)) return { entries: undefined }
  const managers = readManagers(sent)
  return managers === undefined ? { entries: before } : { entries: sent, managers }
}

/** Changed fields belong to the writer. */
export async function give(managers: Managers, changes: ChangesIn, write: FieldWrite): Promise<void> {
  const own = withoutUnowned((await changes(write.apiVersion))?.changed ?? emptySet)
  if (!isEmpty(own)) putOwn(managers, own, write)
}

function putOwn(managers: Managers, own: FieldSet, write: FieldWrite): void {
  const { manager, apiVersion, subresource, time } = write
  const identity = { name: manager === '' ? 'unknown' : manager, operation: 'Update', apiVersion, subresource } as const
  const key = managerKey(identity)
  const set = union(own, managers.get(key)?.set ?? emptySet)
  managers.set(key, { ...identity, time, set, entry: undefined })
}

/** An object of limited size shared by thousands of managers: each has a small part of it. */
export const managersPerStep = (managers: Managers): number => Math.ceil(managers.size / 32)

/** Removes changed and deleted fields from every manager but `except`. Yields between managers. */
export async function takeFrom(managers: Managers, changes: ChangesIn, budget: Budget, except?: string): Promise<void> {
  const perStep = managersPerStep(managers)
  let looked = 0
  for (const [key, manager] of managers) {
    if (looked > 0 && looked % perStep === 0) await yieldIfDue(budget)
    looked += 1
    if (key === except) continue
    const { changed, gone } = (await changes(manager.apiVersion)) ?? { changed: emptySet, gone: emptySet }
    const rest = difference(difference(manager.set, changed), gone)
    if (isEmpty(rest)) managers.delete(key)
    else if (rest !== manager.set) managers.set(key, withSet(manager, rest))
  }
}
