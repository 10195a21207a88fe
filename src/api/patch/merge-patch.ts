// JSON merge patch (RFC 7386).
import { setOwn } from '../../base/data/own-property.ts'
import { isRecord } from '../schema/compile.ts'

/**
 * Never modifies its arguments; shares unchanged parts with `target`. Beyond the RFC, as in upstream's library: nulls are also removed from
 * objects inside new lists, unless the list replaces an object.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(target)) return withoutNulls(patch)
  if (!isRecord(patch)) return patch
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(target)) if (!Object.hasOwn(patch, key)) setOwn(result, key, target[key])
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) continue
    setOwn(result, key, mergePatch(Object.hasOwn(target, key) ? target[key] : undefined, patch[key]))
  }
  return result
}

/** Null items of lists stay. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isRecord(value)) return value
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(value)) if (value[key] !== null) setOwn(result, key, withoutNulls(value[key]))
  return result
}
