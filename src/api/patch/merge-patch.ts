// JSON merge patch (RFC 7386).
import { isRecord, setOwn } from '../schema/compile.ts'

/** Never changes its arguments; unchanged parts are shared with `target`. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const result: Record<string, unknown> = {}
  if (isRecord(target)) for (const key of Object.keys(target)) if (!Object.hasOwn(patch, key)) setOwn(result, key, target[key])
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) continue
    setOwn(result, key, mergePatch(isRecord(target) && Object.hasOwn(target, key) ? target[key] : undefined, patch[key]))
  }
  return result
}
