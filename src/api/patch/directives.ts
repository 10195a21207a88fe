// The words that a strategic merge patch has beside an object's own fields.
import { isRecord, setOwn } from '../schema/compile.ts'

export type JsonObject = Record<string, unknown>

/** The message is upstream's. */
export class StrategicMergeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StrategicMergeError'
  }
}

export const patchDirective = '$patch'
export const retainKeysDirective = '$retainKeys'
export const orderPrefix = '$setElementOrder/'
export const deletePrefix = '$deleteFromPrimitiveList/'

/** A value that is new to the original: without nulls and directives. Undefined where the value itself is a directive. */
export function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter(item => item !== undefined)
  if (!isRecord(value)) return value
  if (Object.hasOwn(value, patchDirective)) return undefined
  const result: JsonObject = {}
  for (const [key, member] of Object.entries(value)) {
    if (member === null || key === retainKeysDirective || key.startsWith(orderPrefix) || key.startsWith(deletePrefix)) continue
    const clean = withoutDirectives(member)
    if (clean !== undefined) setOwn(result, key, clean)
  }
  return result
}
