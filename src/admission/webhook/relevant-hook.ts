// Whether a webhook is called for a request: selectors, rules, match conditions.

import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { forbidden } from '../../api/status.ts'
import { requireLate } from '../../base/async/late-module.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { Conditions } from '../policy/match-conditions.ts'
import type { Meter } from '../policy/meter.ts'
import type * as engine from '../policy/policy-engine-late.ts'
import type { DecideFor } from '../policy/request-view.ts'
import type { Hook } from './hook.ts'

/**
 * The version in which the hook gets the object; undefined if it is not called. Rejects with the ApiError of conditions that fail closed.
 * `meter` is that of all hooks of the request.
 */
export async function versionFor(
  hook: Hook,
  request: AdmissionRequest,
  decide: DecideFor,
  meter: Meter,
): Promise<ResourceDefinition | undefined> {
  const version = hook.matcher.matches(request)
  if (version === undefined) return undefined
  const conditions = hook.conditions()
  return conditions.length === 0 ? version : evaluate(conditions, hook, version, request, decide, meter)
}

async function evaluate(
  conditions: Conditions,
  hook: Hook,
  version: ResourceDefinition,
  request: AdmissionRequest,
  decide: DecideFor,
  meter: Meter,
): Promise<ResourceDefinition | undefined> {
  // Loaded with the first condition.
  const { bindingsOf, evaluateConditions, RequestView } = requireLate<typeof engine>(import.meta.url, '../policy/policy-engine-late.ts')
  const view = new RequestView(request, decide, meter).in(version).inConditions
  const verdict = await evaluateConditions(conditions, meter, () => bindingsOf(view, { namespaceObject: null }))
  if (verdict.met) return version
  if (verdict.error === undefined || hook.failsOpen) return undefined
  throw forbidden(request.resource, request.name, verdict.error)
}
