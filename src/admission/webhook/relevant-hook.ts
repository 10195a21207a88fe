// Whether a webhook is to be asked about a request: selectors, rules, match conditions.

import type { ResourceDefinition } from '../../api/resource.ts'
import { forbidden } from '../../api/status.ts'
import { requireLate } from '../../base/late-module.ts'
import type { AdmissionRequest } from '../admission.ts'
import type * as engine from '../policy/policy-engine-late.ts'
import type { DecideFor } from '../policy/request-view.ts'
import type { Hook } from './hook.ts'

/** The version in which the hook is shown the object; undefined where it is not asked. Throws the ApiError of conditions that fail closed. */
export function versionFor(hook: Hook, request: AdmissionRequest, decide: DecideFor): ResourceDefinition | undefined {
  const version = hook.matcher.matches(request)
  if (version === undefined) return undefined
  const conditions = hook.conditions()
  if (conditions.length === 0) return version
  // Loaded with the first condition.
  const { judgeConditions, RequestView } = requireLate<typeof engine>(import.meta.url, '../policy/policy-engine-late.ts')
  const view = new RequestView(request, decide).in(version)
  const verdict = judgeConditions(conditions, () => ({
    object: view.object,
    oldObject: view.oldObject,
    namespaceObject: null,
    get request() {
      return view.request
    },
    get authorizer() {
      return view.authorizer
    },
    get 'authorizer.requestResource'() {
      return view['authorizer.requestResource']
    },
  }))
  if (verdict.met) return version
  if (verdict.error === undefined || hook.failsOpen) return undefined
  throw forbidden(request.resource, request.name, verdict.error)
}
