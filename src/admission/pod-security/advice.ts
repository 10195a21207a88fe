// The advice in a refusal: a patch of what the client sent, or which webhook or policy made it violate a rule.
import { applyJsonPatch } from '../../api/patch/json-patch.ts'
import type { PatchOperation } from '../../api/patch/json-patch-between.ts'
import { ApiError } from '../../api/status.ts'
import type { CheckedPod } from './check.ts'
import { evaluate, type Finding } from './evaluate.ts'
import { fixingPatch } from './fix.ts'
import type { LevelVersion } from './policy.ts'

export interface EvaluatedPod {
  /** As it would be stored. */
  readonly pod: CheckedPod
  readonly findings: readonly Finding[]
  readonly enforced: LevelVersion
  /** JSON pointer of the pod in the object; '' for a Pod. */
  readonly pointer: string
}

export interface Sent {
  readonly pod: CheckedPod
  /** Webhooks and policies that changed the object after it was sent. */
  readonly changedBy: ReadonlySet<string>
}

export type Advice =
  | { readonly patch: readonly PatchOperation[] }
  /** No patch of the sent object is known to pass, and these changed it. */
  | { readonly changedBy: readonly string[] }

/** Undefined if there is no advice. `sent` is set if webhooks or policies changed the object. */
export function advise({ pod, findings, enforced, pointer }: EvaluatedPod, sent: Sent | undefined): Advice | undefined {
  if (sent === undefined) {
    const patch = fixingPatch(pod, findings, enforced, pointer)
    return patch === undefined ? undefined : { patch }
  }
  const patch = fixingPatch(sent.pod, evaluate(sent.pod, enforced), enforced, '')
  if (patch === undefined || patch.length === 0 || !passesWith(patch, pod, enforced)) return { changedBy: [...sent.changedBy] }
  return { patch: patch.map(operation => ({ ...operation, path: `${pointer}${operation.path}` })) }
}

/** Whether the fixed object still passes after the same mutations. */
function passesWith(patch: readonly PatchOperation[], { metadata, spec }: CheckedPod, enforced: LevelVersion): boolean {
  const target = { metadata: { annotations: metadata.annotations ?? {} }, spec }
  try {
    // Only existing members and fields of the API are touched, so the result has the same shape.
    return evaluate(applyJsonPatch(target, patch) as typeof target, enforced).length === 0
  } catch (err) {
    // The removed or replaced member is elsewhere now.
    if (err instanceof ApiError) return false
    throw err
  }
}
