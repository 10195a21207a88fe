// Who manages what after a write that is no apply: whoever changes a field takes it from all others.
import type { KubeObject, ManagedFieldsEntry } from '../../object.ts'
import { added, compare, type Difference, modified, pathsOf, removed } from './compare.ts'
import { difference, emptySet, type FieldSet, isEmpty, keepFields, union } from './field-set.ts'
import { capManagers, type Managers, managerKey, readManagers, withSet, writeManagers } from './managers.ts'
import { fieldsOfOutline } from './outline.ts'
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
  /** What an object of the kind is before anybody sets anything: its structs, empty. Never changed. */
  readonly empty: KubeObject
  /** Whether this path may change a field of the object at all: the main path not `status`, `/status` not `spec`. */
  keeps(field: string): boolean
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
export function trackUpdate(
  live: KubeObject,
  object: KubeObject,
  sent: readonly ManagedFieldsEntry[] | undefined,
  write: FieldWrite,
): ManagedFieldsEntry[] | undefined {
  const before = live.metadata.managedFields
  const given = write.subresource === '' && sent !== undefined ? chosen(sent, before) : before
  const isNew = !live.metadata.uid
  if (!isNew && (given === undefined || given.length === 0)) return undefined
  // The same on both sides, so that the comparison does not look at them.
  if (before === undefined) delete object.metadata.managedFields
  else object.metadata.managedFields = before
  if (live === write.empty && given === undefined) return writeManagers(ownerOfNew(object, write))
  const found = compare(live, object, write.shape)
  if (found === undefined) return given as ManagedFieldsEntry[] | undefined
  const managers: Managers = readManagers(given ?? []) ?? new Map()
  updateManagers(managers, found, write)
  capManagers(managers)
  return writeManagers(managers)
}

/** Of a new object nobody else holds anything. */
function ownerOfNew(object: KubeObject, write: FieldWrite): Managers {
  const { shape, empty, keeps } = write
  const set = fieldsOfOutline(object, shape, empty, keeps, () =>
    withoutUnowned(keepFields(pathsOf(compare(empty, object, shape), added | modified), keeps)),
  )
  const managers: Managers = new Map()
  if (!isEmpty(set)) putOwn(managers, set, write)
  return managers
}

function chosen(sent: readonly ManagedFieldsEntry[], before: ManagedFieldsEntry[] | undefined): readonly ManagedFieldsEntry[] | undefined {
  const [first] = sent
  if (first === undefined || (sent.length === 1 && Object.keys(first).length === 0)) return undefined
  return readManagers(sent) === undefined ? before : sent
}

export function updateManagers(managers: Managers, found: Difference, write: FieldWrite): void {
  const changed = keepFields(pathsOf(found, added | modified), write.keeps)
  if (managers.size > 0) takeFrom(managers, changed, keepFields(pathsOf(found, removed), write.keeps))
  const own = withoutUnowned(changed)
  if (!isEmpty(own)) putOwn(managers, own, write)
}

function putOwn(managers: Managers, own: FieldSet, write: FieldWrite): void {
  const { manager, apiVersion, subresource, time } = write
  const identity = { name: manager === '' ? 'unknown' : manager, operation: 'Update', apiVersion, subresource } as const
  const key = managerKey(identity)
  const set = union(own, managers.get(key)?.set ?? emptySet)
  managers.set(key, { ...identity, time, set, entry: undefined })
}

/** Takes paths from every manager but `except`. */
export function takeFrom(managers: Managers, changed: FieldSet, gone: FieldSet, except?: string): void {
  for (const [key, manager] of managers) {
    if (key === except) continue
    const rest = difference(difference(manager.set, changed), gone)
    if (isEmpty(rest)) managers.delete(key)
    else if (rest !== manager.set) managers.set(key, withSet(manager, rest))
  }
}
