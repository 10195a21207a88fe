// Strategic merge patch: a merge patch that merges lists by key as the schema says, with the directives $patch, $retainKeys,
// $setElementOrder/… and $deleteFromPrimitiveList/…. Follows k8s.io/apimachinery's strategicpatch.
import { setOwn } from '../../base/data/own-property.ts'
import { writeJson } from '../../base/write-json.ts'
import { goFormat, goFormatString } from '../go-text/go-format.ts'
import { isRecord } from '../schema/compile.ts'
import type { SchemaField, SchemaType } from '../schema/model.ts'
import {
  fieldOfDirective,
  isDeleteDirective,
  isOrderDirective,
  type JsonObject,
  patchDirective,
  retainKeysDirective,
  StrategicMergeError,
  withoutDirectives,
} from './directives.ts'
import { checkNamed, checkOrder, orderBy, requireKey, wrongType } from './element-order.ts'
import { type MergedList, mergeList, typeOfItems } from './merge-list.ts'

const badRetainKeys = 'invalid patch format of retainKeys'

/** Never modifies its arguments; shares unchanged parts with `original`. Throws `StrategicMergeError`. */
export function strategicMergePatch(original: JsonObject, patch: JsonObject, type: SchemaType | undefined): JsonObject {
  if (Object.hasOwn(patch, patchDirective)) {
    const directive = patch[patchDirective]
    if (directive === 'replace') return without(patch, key => key === patchDirective)
    if (directive === 'delete') return {}
    throw new StrategicMergeError(`unknown patch type: ${goFormatString(directive)} in map: ${goFormat(patch)}`)
  }
  const result = retainKeys(original, patch)
  const done = new Set([retainKeysDirective])
  for (const key of Object.keys(patch)) {
    if (!isOrderDirective(key)) continue
    done.add(key)
    if (mergeOrdered(result, patch, key, type)) done.add(fieldOfDirective(key))
  }
  for (const key of Object.keys(patch)) {
    if (done.has(key)) continue
    const deletes = isDeleteDirective(key)
    mergeMember(result, deletes ? fieldOfDirective(key) : key, patch[key], deletes, type)
  }
  return result
}

/** `deletes`: the value names scalars to delete. */
function mergeMember(result: JsonObject, key: string, value: unknown, deletes: boolean, type: SchemaType | undefined): void {
  if (value === null) {
    delete result[key]
    return
  }
  const old = Object.hasOwn(result, key) ? result[key] : undefined
  if (isRecord(old) && isRecord(value)) {
    const { field, inner } = memberType(type, key)
    setOwn(result, key, strategyOf(field) === 'replace' ? value : strategicMergePatch(old, value, inner))
  } else if (Array.isArray(old) && Array.isArray(value)) {
    setOwn(result, key, mergeLists(old, value, deletes, listMember(type, key)).items)
  } else if (!deletes || (old !== undefined && isScalar(old) && typeof old === typeof value)) {
    const clean = withoutDirectives(value, true)
    if (clean === undefined) delete result[key]
    else setOwn(result, key, clean)
  }
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object'
}

function mergeLists(old: readonly unknown[], patch: readonly unknown[], deletes: boolean, { field, inner }: Member): MergedList {
  if (strategyOf(field) !== 'merge' && !deletes) return { items: patch, before: old }
  const { mergeKey } = field
  return mergeList(old, patch, { mergeKey, item: inner, deletes, mergeItems: (left, right) => strategicMergePatch(left, right, inner) })
}

/** `$setElementOrder/field` gives the order of the merged list. Returns whether it merged the patch's own items for the list. */
function mergeOrdered(result: JsonObject, patch: JsonObject, directive: string, type: SchemaType | undefined): boolean {
  const order = patch[directive]
  if (!Array.isArray(order)) throw wrongType('[]interface {}', order)
  const name = fieldOfDirective(directive)
  const old = listIn(result, name)
  const list = listIn(patch, name)
  const member = listMember(type, name)
  const { mergeKey } = member.field
  checkOrder(list ?? [], order, mergeKey)
  if (old === undefined && list === undefined) return false
  const { items, before } = mergedOrNew(old, list, member)
  if (mergeKey !== undefined) checkNamed(items, order, mergeKey)
  // Objects can only be ordered by a key.
  const hasObjects = typeOfItems(old ?? [], list ?? []) === 'map[string]interface {}'
  if (hasObjects) for (const item of [...order, ...items, ...before]) requireKey(item, mergeKey ?? '')
  setOwn(result, name, orderBy(items, order, before, mergeKey))
  return true
}

function mergedOrNew(old: readonly unknown[] | undefined, list: readonly unknown[] | undefined, member: Member): MergedList {
  if (old !== undefined) return list === undefined ? { items: old, before: old } : mergeLists(old, list, false, member)
  const added = withoutDirectives(list ?? [], false)
  return { items: Array.isArray(added) ? added : [], before: [] }
}

function listIn(object: JsonObject, name: string): readonly unknown[] | undefined {
  if (!Object.hasOwn(object, name)) return undefined
  const value = object[name]
  if (!Array.isArray(value)) throw wrongType('[]interface {}', value)
  return value
}

/** The original with only the keys in `$retainKeys`, if the patch has it. */
export function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, retainKeysDirective)) return without(original, () => false)
  const keys = patch[retainKeysDirective]
  if (!Array.isArray(keys)) throw new StrategicMergeError(badRetainKeys, 'format')
  const retained = new Set<unknown>(keys)
  for (const [key, value] of Object.entries(patch)) {
    const exempt = value === null || key === retainKeysDirective || isOrderDirective(key) || isDeleteDirective(key)
    if (!exempt && !retained.has(key)) throw new StrategicMergeError(badRetainKeys, 'format')
  }
  return without(original, key => !retained.has(key))
}

export function without(value: JsonObject, drops: (key: string) => boolean): JsonObject {
  const result: JsonObject = {}
  for (const key of Object.keys(value)) if (!drops(key)) setOwn(result, key, value[key])
  return result
}

export interface Member {
  readonly field: SchemaField
  /** The type of the member; for a list, that of its items. */
  readonly inner: SchemaType
}

/** A map's values, and values without a schema, are not merged. */
export function memberType(type: SchemaType | undefined, key: string): Member {
  const named = writeJson(key)
  if (type?.kind === 'map' || type?.kind === 'list') {
    throw new StrategicMergeError(
      `merging an object in json but data type is not struct, instead is: ${type.kind === 'map' ? 'map' : 'slice'}`,
    )
  }
  const field = type?.kind === 'struct' ? type.byName.get(key) : undefined
  if (field !== undefined) return { field, inner: field.type }
  const struct = type?.kind === 'struct' ? type.name : (type?.go.slice(type.go.indexOf('.') + 1) ?? '')
  throw new StrategicMergeError(`unable to find api field in struct ${struct} for the json field ${named}`)
}

export function listMember(type: SchemaType | undefined, key: string): Member {
  const { field, inner } = memberType(type, key)
  if (inner.kind === 'list') return { field, inner: inner.item }
  // Upstream treats a pointer's target as the item; decoding the result then reports that a struct is no list.
  if (field.pointer) return { field, inner }
  throw new StrategicMergeError(`expected slice or array type, but got: ${type?.kind ?? 'interface'}`)
}

export function strategyOf(field: SchemaField): string | undefined {
  return field.patchStrategies.find(strategy => strategy !== 'retainKeys')
}
