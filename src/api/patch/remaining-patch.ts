// The part of a strategic merge patch that an error shows if the result is no object of the kind: upstream's library removes processed parts
// from a patch, and its message shows the rest.
import { setOwn } from '../../base/data/own-property.ts'
import { isRecord } from '../schema/compile.ts'
import type { SchemaType } from '../schema/model.ts'
import {
  fieldOfDirective,
  isDeleteDirective,
  isOrderDirective,
  type JsonObject,
  patchDirective,
  retainKeysDirective,
  withoutDirectives,
} from './directives.ts'
import { withoutNulls } from './merge-patch.ts'
import { listMember, memberType, retainKeys, strategyOf, without } from './strategic-merge-patch.ts'

/** For a patch that could be merged into `old`. */
export function leftOfPatch(old: JsonObject, patch: JsonObject, type: SchemaType | undefined): JsonObject {
  if (Object.hasOwn(patch, patchDirective)) {
    return patch[patchDirective] === 'replace' ? without(patch, key => key === patchDirective) : patch
  }
  const before = retainKeys(old, patch)
  const ordered = new Set(Object.keys(patch).filter(isOrderDirective).map(fieldOfDirective))
  const left: JsonObject = {}
  for (const [key, value] of Object.entries(patch)) {
    if (key === retainKeysDirective || isOrderDirective(key) || ordered.has(key)) continue
    const known = Object.hasOwn(before, key) ? before[key] : undefined
    setOwn(left, key, isDeleteDirective(key) ? value : leftOfMember(known, value, key, type))
  }
  return left
}

function leftOfMember(old: unknown, value: unknown, key: string, type: SchemaType | undefined): unknown {
  if (isRecord(old) && isRecord(value)) {
    const { field, inner } = memberType(type, key)
    return strategyOf(field) === 'replace' ? value : leftOfPatch(old, value, inner)
  }
  if (!Array.isArray(old) || !Array.isArray(value)) return leftOfNew(value)
  const { field, inner } = listMember(type, key)
  const { mergeKey } = field
  if (strategyOf(field) !== 'merge' || mergeKey === undefined) return value
  const directed = value.filter(item => isRecord(item) && Object.hasOwn(item, patchDirective))
  const isGone = (name: unknown): boolean => directed.some(item => item[patchDirective] === 'replace' || item[mergeKey] === name)
  return value.map((item: unknown) => {
    if (!isRecord(item) || directed.includes(item) || isGone(item[mergeKey])) return item
    const merged: unknown = old.find(known => isRecord(known) && known[mergeKey] === item[mergeKey])
    return isRecord(merged) ? leftOfPatch(merged, item, inner) : item
  })
}

/** The rest of an item with a directive, whose list position is not part of the result. */
function leftOfNew(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(leftOfNew)
  return isRecord(value) ? (withoutDirectives(value, true) ?? withoutNulls(value)) : value
}
