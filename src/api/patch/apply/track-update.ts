// Who manages what after a write that is no apply: whoever changes a field takes it from all others.
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

/** A write, as field management sees it. */
export interface FieldWrite {
  /** The `fieldManager` of the request or what its User-Agent begins with. */
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
  /** What an object of the kind is before anybody sets anything: its structs, empty. Never changed. */
  readonly empty: KubeObject
  /** What this path may change at all: the main path not the status, `/status` not the spec. */
  readonly filter: PathFilter
  /** Each step takes long where the objects are large: others have their turn in between. */
  readonly budget: Budget
  /** Another served version of the resource; undefined where there is none of that name. */
  version(apiVersion: string): FieldVersion | undefined
}

/** Objects of the write in another version, for managers that wrote through that one. A webhook may be asked. */
export interface FieldVersion {
  readonly shape: Shape
  /** Neither this nor what follows changes its argument. */
  convert(object: KubeObject): Promise<KubeObject>
  /** As `convert`; for versions of which each question costs. */
  convertBoth?(live: KubeObject, next: KubeObject): Promise<readonly [KubeObject, KubeObject]>
  restore(object: KubeObject): Promise<KubeObject>
}

/** What a write changes, in the names of one version. */
export interface Changes {
  /** Added or modified. */
  readonly changed: FieldSet
  readonly gone: FieldSet
}

export type ChangesIn = (apiVersion: string) => Promise<Changes | undefined>

/** Undefined for a version that is not served any more. `own` is the difference in the version of the write. */
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

/** Whoever wrote through a version that is not served any more manages nothing. */
export function dropObsolete(managers: Managers, write: FieldWrite): void {
  for (const [key, { apiVersion }] of managers) if (isObsolete(apiVersion, write)) managers.delete(key)
}

function isObsolete(apiVersion: string | undefined, write: FieldWrite): boolean {
  return apiVersion !== write.apiVersion && (apiVersion === undefined || write.version(apiVersion) === undefined)
}

/** What the server sets itself, and what every object must have: owned by nobody. */
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
 * The entries to write with `object`. `live` is the object before (an empty one of the kind for a creation) and `sent` the entries that
 * the client sent along, which count on the main path; an empty list there, or a list of one empty entry, forgets all managers.
 * Objects that were never managed stay so until somebody applies them.
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
  // The same on both sides, so that the comparison does not look at them.
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

/** Of a new object nobody else holds anything. */
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

/** The entries that count, and the managers that a client's own make: of several of one manager the last. */
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

/** What changed belongs to who wrote it. */
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

/** Thousands of managers share an object of a bounded size: so many have a small part of it. */
export const managersPerStep = (managers: Managers): number => Math.ceil(managers.size / 32)

/** Takes what changed or is gone from every manager but `except`. Others have their turn between managers. */
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
