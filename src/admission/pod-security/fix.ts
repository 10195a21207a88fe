// The smallest JSON patch that makes a pod pass, so that a refusal shows what would be accepted.

import { jsonPatchBetween, type PatchOperation } from '../../api/patch/json-patch-between.ts'
import { containersOf } from '../../api/pods/containers-of.ts'
import { type AddedAppArmor, addedAppArmor } from '../../api/resources/core/pod-app-armor.ts'
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
  const added = addedAppArmor(pod.metadata)
  return jsonPatchBetween(asWritten(original, added), added === undefined ? fixed : withoutAdded(fixed, added)).map(operation => ({
    ...operation,
    path: `${prefix}${operation.path}`,
  }))
}

type PatchedPod = Pick<CheckedPod, 'metadata' | 'spec'>

/** The patch must also apply to the object as the user wrote it: defaulting adds an empty security context, and AppArmor profiles. */
function asWritten(original: PatchedPod, added: AddedAppArmor | undefined): PatchedPod {
  const { securityContext, ...rest } = original.spec
  const written = securityContext !== undefined && Object.keys(securityContext).length === 0 ? { ...original, spec: rest } : original
  return added === undefined ? written : withoutAdded(structuredClone(written), added)
}

/** Changes the pod in place. */
function withoutAdded(pod: PatchedPod, { annotations, containers }: AddedAppArmor): PatchedPod {
  for (const key of annotations) delete pod.metadata.annotations?.[key]
  for (const { container } of containersOf(pod.spec)) {
    if (!containers.has(container.name)) continue
    delete container.securityContext?.appArmorProfile
    if (container.securityContext !== undefined && Object.keys(container.securityContext).length === 0) delete container.securityContext
  }
  return pod
}
