// Directives of a strategic merge patch.
import { setOwn } from '../../base/data/own-property.ts'
import { isRecord } from '../schema/compile.ts'

export type JsonObject = Record<string, unknown>

/** The message is upstream's. `format` is a malformed patch, `content` one that contradicts the object or its schema. */
export class StrategicMergeError extends Error {
  readonly fault: 'format' | 'listOfLists' | 'content'
  constructor(message: string, fault: StrategicMergeError['fault'] = 'content') {
    super(message)
    this.name = 'StrategicMergeError'
    this.fault = fault
  }
}

export const patchDirective = '$patch'
export const retainKeysDirective = '$retainKeys'
const orderDirective = '$setElementOrder'
const deleteDirective = '$deleteFromPrimitiveList'

export const isOrderDirective = (key: string): boolean => key.startsWith(orderDirective)
export const isDeleteDirective = (key: string): boolean => key.startsWith(deleteDirective)

/** The field of `$setElementOrder/field` or `$deleteFromPrimitiveList/field`. */
export function fieldOfDirective(key: string): string {
  const slash = key.indexOf('/')
  const directive = slash < 0 ? key : key.slice(0, slash)
  if (slash >= 0 && (directive === orderDirective || directive === deleteDirective)) return key.slice(slash + 1)
  throw new StrategicMergeError(`invalid patch format of ${isOrderDirective(key) ? 'setElementOrder list' : 'primitive list'}`, 'format')
}

/**
 * A value that is new to the original: without objects that contain a `$patch`; undefined if it is one itself. Other directives stay:
 * decoding reports them.
 */
export function withoutDirectives(value: unknown, dropsNulls: boolean): unknown {
  if (Array.isArray(value)) return value.map(item => withoutDirectives(item, dropsNulls)).filter(item => item !== undefined)
  if (!isRecord(value)) return value
  if (Object.hasOwn(value, patchDirective) && !(dropsNulls && value[patchDirective] === null)) return undefined
  const result: JsonObject = {}
  for (const [key, member] of Object.entries(value)) {
    if (member === null && dropsNulls) continue
    const clean = withoutDirectives(member, dropsNulls)
    if (clean !== undefined) setOwn(result, key, clean)
  }
  return result
}
