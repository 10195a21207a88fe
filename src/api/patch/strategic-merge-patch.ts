// Strategic merge patch: a merge patch that knows from the schema which lists are merged by key, with the directives $patch, $retainKeys,
// $setElementOrder/… and $deleteFromPrimitiveList/…. Follows k8s.io/apimachinery's strategicpatch.
import { isRecord, setOwn } from '../schema/compile.ts'
import type { SchemaField, SchemaType } from '../schema/model.ts'
import {
  deletePrefix,
  type JsonObject,
  orderPrefix,
  patchDirective,
  retainKeysDirective,
  StrategicMergeError,
  withoutDirectives,
} from './directives.ts'
import { goFormat } from './go-format.ts'
import { mergeList, orderBy } from './merge-list.ts'

const badRetainKeys = 'invalid patch format of retainKeys'
const badElementOrder = 'invalid patch format of setElementOrder list'

/** Never changes its arguments; unchanged parts are shared with `original`. Throws `StrategicMergeError`. */
export function strategicMergePatch(original: JsonObject, patch: JsonObject, type: SchemaType | undefined): JsonObject {
  const directive = patch[patchDirective]
  if (directive === 'replace') return without(patch, key => key === patchDirective)
  if (directive === 'delete') return {}
  if (directive !== undefined) throw new StrategicMergeError(`unknown patch type: ${goFormat(directive)} in map: ${goFormat(patch)}`)

  const result = retainKeys(original, patch)
  const done = new Set([retainKeysDirective])
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(orderPrefix)) continue
    const field = key.slice(orderPrefix.length)
    done.add(key).add(field)
    mergeOrdered(result, patch, field, patch[key], type)
  }
  for (const key of Object.keys(patch)) {
    if (done.has(key)) continue
    if (key.startsWith(deletePrefix)) deleteFromPrimitiveList(result, key.slice(deletePrefix.length), patch[key])
    else mergeMember(result, key, patch[key], type)
  }
  return result
}

function mergeMember(result: JsonObject, key: string, value: unknown, type: SchemaType | undefined): void {
  if (value === null) {
    delete result[key]
    return
  }
  const old = Object.hasOwn(result, key) ? result[key] : undefined
  if (isRecord(old) && isRecord(value)) {
    const { field, type: inner } = memberType(type, key)
    setOwn(result, key, strategyOf(field) === 'replace' ? value : strategicMergePatch(old, value, inner))
  } else if (Array.isArray(old) && Array.isArray(value)) {
    const { field, type: inner } = memberType(type, key)
    setOwn(result, key, mergeLists(old, value, field, inner))
  } else {
    const clean = withoutDirectives(value)
    if (clean === undefined) delete result[key]
    else setOwn(result, key, clean)
  }
}

function mergeLists(
  old: readonly unknown[],
  patch: readonly unknown[],
  field: SchemaField | undefined,
  type: SchemaType | undefined,
): unknown[] {
  if (strategyOf(field) !== 'merge') return [...patch]
  const item = type?.kind === 'list' ? type.item : undefined
  return mergeList(old, patch, field?.mergeKey, item, (left, right) => strategicMergePatch(left, right, item))
}

/** `$setElementOrder/field` says the order in which the merged list ends up; its own items come in that order. */
function mergeOrdered(result: JsonObject, patch: JsonObject, name: string, order: unknown, type: SchemaType | undefined): void {
  if (!Array.isArray(order)) throw new StrategicMergeError(badElementOrder)
  const old = Object.hasOwn(result, name) ? result[name] : undefined
  const list = Object.hasOwn(patch, name) ? patch[name] : undefined
  for (const value of [old, list]) {
    if (value !== undefined && value !== null && !Array.isArray(value)) {
      throw new StrategicMergeError(
        `expected a []interface {}, but received a ${isRecord(value) ? 'map[string]interface {}' : typeof value}`,
      )
    }
  }
  const { field, type: inner } = memberType(type, name)
  const mergeKey = field?.mergeKey
  if (Array.isArray(list)) checkOrder(list, order, mergeKey)
  let merged: unknown[]
  if (Array.isArray(old)) merged = Array.isArray(list) ? mergeLists(old, list, field, inner) : [...old]
  else if (Array.isArray(list)) merged = listOf(withoutDirectives(list))
  else return
  setOwn(result, name, orderBy(merged, order, Array.isArray(old) ? old : [], mergeKey))
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** The items of a patch must appear in the order list, in its order. */
function checkOrder(list: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (list.length === 0 || order.length === 0) return
  const identity = (item: unknown): unknown => (mergeKey === undefined ? item : isRecord(item) ? item[mergeKey] : undefined)
  let at = 0
  for (const item of list) {
    if (isRecord(item) && item[patchDirective] !== undefined) continue
    while (at < order.length && identity(order[at]) !== identity(item)) at++
    if (at++ >= order.length) {
      throw new StrategicMergeError(
        `The order in patch list:\n${goFormat(list)}\n doesn't match $setElementOrder list:\n${goFormat(order)}\n`,
      )
    }
  }
}

function deleteFromPrimitiveList(result: JsonObject, key: string, value: unknown): void {
  if (!Array.isArray(value)) throw new StrategicMergeError('invalid patch format of primitive list')
  const old = Object.hasOwn(result, key) ? result[key] : undefined
  if (!Array.isArray(old)) return
  const gone = new Set(value)
  setOwn(
    result,
    key,
    old.filter(item => !gone.has(item)),
  )
}

/** The original with only the keys that `$retainKeys` names, where the patch has it. */
function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[retainKeysDirective]
  if (keys === undefined) return without(original, () => false)
  if (!Array.isArray(keys)) throw new StrategicMergeError(badRetainKeys)
  const retained = new Set<unknown>(keys)
  for (const [key, value] of Object.entries(patch)) {
    const exempt = value === null || key === retainKeysDirective || key.startsWith(orderPrefix) || key.startsWith(deletePrefix)
    if (!exempt && !retained.has(key)) throw new StrategicMergeError(badRetainKeys)
  }
  return without(original, key => !retained.has(key))
}

function without(value: JsonObject, drops: (key: string) => boolean): JsonObject {
  const result: JsonObject = {}
  for (const key of Object.keys(value)) if (!drops(key)) setOwn(result, key, value[key])
  return result
}

/** The field and type behind a key. Nothing is known below RawExtension and in maps of scalars; there, plain merging applies. */
function memberType(type: SchemaType | undefined, key: string): { field: SchemaField | undefined; type: SchemaType | undefined } {
  if (type?.kind === 'map') return { field: undefined, type: type.item }
  if (type?.kind !== 'struct') return { field: undefined, type: undefined }
  const field = type.byName.get(key)
  if (field === undefined) {
    throw new StrategicMergeError(`unable to find api field in struct ${type.name} for the json field ${JSON.stringify(key)}`)
  }
  return { field, type: field.type }
}

function strategyOf(field: SchemaField | undefined): string | undefined {
  return field?.patchStrategies.find(strategy => strategy !== 'retainKeys')
}
