// Whether a webhook is called for a request: selectors, rules, match conditions.

import type { ResourceDefinition } from '../../api/resource.ts'
import { forbidden } from '../../api/status.ts'
import { requireLate } from '../../base/late-module.ts'
import { inTurns, type Wait } from '../../base/turns.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { Conditions } from '../policy/match-conditions.ts'
import type { Meter } from '../policy/meter.ts'
import type * as engine from '../policy/policy-engine-late.ts'
import type { DecideFor } from '../policy/request-view.ts'
import type { Hook } from './hook.ts'

/**
 * The version in which the hook sees the object; undefined if it is not called. A promise only if conditions take long. Throws or rejects
 * with the ApiError of conditions that fail closed. `meter` is shared by all hooks of the request.
 */
export function versionFor(
  hook: Hook,
  request: AdmissionRequest,
  decide: DecideFor,
  meter: Meter,
  signal: AbortSignal,
): ResourceDefinition | undefined | Promise<ResourceDefinition | undefined> {
  const version = hook.matcher.matches(request)
  if (version === undefined) return undefined
  const conditions = hook.conditions()
  return conditions.length === 0 ? version : inTurns(evaluate(conditions, hook, version, request, decide, meter), signal)
}

function* evaluate(
  conditions: Conditions,
  hook: Hook,
  version: ResourceDefinition,
  request: AdmissionRequest,
  decide: DecideFor,
  meter: Meter,
): Generator<Wait, ResourceDefinition | undefined> {
  // Loaded with the first condition.
  const { bindingsOf, evaluateConditions, RequestView } = requireLate<typeof engine>(import.meta.url, '../policy/policy-engine-late.ts')
  const view = new RequestView(request, decide).in(version).inConditions
  const verdict = yield* evaluateConditions(conditions, meter, () => bindingsOf(view, { namespaceObject: null }))
  if (verdict.met) return version
  if (verdict.error === undefined || hook.failsOpen) return undefined
  throw forbidden(request.resource, request.name, verdict.error)
}
