// The smallest JSON patch that makes a pod pass, so that a refusal shows what would be accepted.
import { jsonPatchBetween, type PatchOperation } from '../../api/patch/json-patch-between.ts'
import type { CheckedPod } from './check.ts'
import { evaluate, type Finding } from './evaluate.ts'
import type { LevelVersion } from './policy.ts'

/**
 * `prefix` is the JSON pointer of the pod or its template (`/spec/template`, '' for a pod). Undefined if this is not possible: a check has
 * no fix, or the fixed pod still violates a rule.
 */
export function fixingPatch(
  pod: CheckedPod,
  findings: readonly Finding[],
  levelVersion: LevelVersion,
  prefix: string,
): PatchOperation[] | undefined {
  const original = { metadata: { annotations: pod.metadata.annotations ?? {} }, spec: pod.spec }
  const fixed = structuredClone(original)
  for (const { check } of findings) check.fix?.(fixed)
  if (evaluate(fixed, levelVersion).length > 0) return undefined
  // Defaulting adds an empty one: the patch must also apply to the object as the user wrote it.
  const { securityContext, ...rest } = original.spec
  const written = securityContext !== undefined && Object.keys(securityContext).length === 0 ? { ...original, spec: rest } : original
  return jsonPatchBetween(written, fixed).map(operation => ({ ...operation, path: `${prefix}${operation.path}` }))
}
