// Converts `metadata.managedFields` to sets by manager, and back.
import { parseExactJson } from '../../../base/exact-json.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { ManagedFieldsEntry } from '../../object.ts'
import { isRecord } from '../../schema/compile.ts'
import { emptySet, type FieldSet, isEmpty, unionOf } from './field-set.ts'

export interface Manager {
  readonly name: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  /** RFC 3339; undefined if the entry has none. */
  readonly time: string | undefined
  readonly set: FieldSet
  /** The entry that this was read from, while it is unchanged. */
  readonly entry: ManagedFieldsEntry | undefined
}

/** Keys identify managers: managers that apply are the same in every version. */
export type Managers = Map<string, Manager>

/** Upstream keeps this many separate managers of operation Update. */
const maxUpdateManagers = 10
const oldUpdates = 'ancient-changes'

export function managerKey(manager: Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const { name, operation, subresource } = manager
  // Upstream's format, whose order messages show.
  return writeJson({
    ...(name === '' ? {} : { manager: name }),
    operation,
    ...(operation === 'Apply' ? {} : { apiVersion: manager.apiVersion }),
    ...(subresource === '' ? {} : { subresource }),
  })
}

/** Undefined if an entry is malformed, since clients may write it. */
export function readManagers(entries: readonly ManagedFieldsEntry[]): Managers | undefined {
  const managers: Managers = new Map()
  for (const entry of entries) {
    const { operation, apiVersion, fieldsType, fieldsV1 = {}, manager = '', subresource = '', time } = entry
    if (operation !== 'Apply' && operation !== 'Update') return undefined
    if (!apiVersion || fieldsType !== 'FieldsV1' || !isFieldSet(fieldsV1)) return undefined
    const read: Manager = { name: manager, operation, apiVersion, subresource, time, set: fieldsV1, entry }
    managers.set(managerKey(read), read)
  }
  return managers
}

/** Validated sets: those of one stored object are checked with each request for it. */
const knownSets = new WeakSet<object>()

function isFieldSet(value: unknown): value is FieldSet {
  if (!isRecord(value)) return false
  if (knownSets.has(value)) return true
  if (!isSetBelow(value)) return false
  // Frozen sets cannot change.
  if (Object.isFrozen(value)) knownSets.add(value)
  return true
}

function isSetBelow(value: unknown): value is FieldSet {
  if (!isRecord(value)) return false
  for (const element in value) {
    if (element !== '.' && !isElement(element)) return false
    if (!isSetBelow(value[element])) return false
  }
  return true
}

function isElement(element: string): boolean {
  if (element.charAt(1) !== ':') return false
  switch (element.charAt(0)) {
    case 'f':
      return true
    case 'i':
      return /^-?\d+$/.test(element.slice(2))
    case 'k':
    case 'v':
      try {
        return isRecord(parseExactJson(element.slice(2))) === element.startsWith('k')
      } catch (err) {
        if (err instanceof SyntaxError) return false
        throw err
      }
    default:
      return false
  }
}

export function withSet(manager: Manager, set: FieldSet): Manager {
  return set === manager.set ? manager : { ...manager, set, entry: undefined }
}

/** In upstream's order; undefined if there are no managers. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  const listed = [...managers.values()].filter(({ set }) => !isEmpty(set))
  if (listed.length === 0) return undefined
  return listed.sort(compareManagers).map(manager => manager.entry ?? entryOf(manager))
}

function entryOf({ name, operation, apiVersion, time, set, subresource }: Manager): ManagedFieldsEntry {
  return {
    ...(name === '' ? {} : { manager: name }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: set,
    ...(subresource === '' ? {} : { subresource }),
  }
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(a.name, b.name) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Merges the oldest managers of operation Update if there are too many. */
export function capManagers(managers: Managers): void {
  if (managers.size <= maxUpdateManagers) return
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update')
  let count = updaters.length
  if (count <= maxUpdateManagers) return
  updaters.sort(([aKey, a], [bKey, b]) => compareText(a.time ?? '', b.time ?? '') || compareText(aKey, bKey))
  const firstOfVersion = new Map<string, [string, Manager]>()
  // Merged at the end: one after the other, each would copy the content of all before it.
  const joined = new Map<string, FieldSet[]>()
  for (const [key, manager] of updaters) {
    if (count <= maxUpdateManagers) break
    const { apiVersion } = manager
    const first = firstOfVersion.get(apiVersion)
    if (first === undefined) {
      // A single one stays as it is: merging needs at least two.
      firstOfVersion.set(apiVersion, [key, manager])
      continue
    }
    const bucket = { name: oldUpdates, operation: 'Update', apiVersion, subresource: '' } as const
    const bucketKey = managerKey(bucket)
    if (!managers.has(bucketKey)) {
      managers.delete(first[0])
      managers.set(bucketKey, { ...first[1], ...bucket, entry: undefined })
    }
    const sets = joined.get(bucketKey) ?? [managers.get(bucketKey)?.set ?? emptySet]
    joined.set(bucketKey, sets)
    sets.push(manager.set)
    managers.delete(key)
    managers.set(bucketKey, { ...bucket, time: manager.time, set: emptySet, entry: undefined })
    count--
  }
  for (const [key, sets] of joined) {
    const bucket = managers.get(key)
    if (bucket !== undefined) managers.set(key, { ...bucket, set: unionOf(sets) })
  }
}
