// The variables of a policy's expressions for one request with one set of parameters.
import type { CelValue } from '../../api/cel/values/values.ts'
import type { Bindings, Budget } from './expression.ts'
import { bindingsOf, type RequestVariables } from './request-view.ts'
import { type CompiledVariables, Variables } from './variables.ts'

/** The inputs of one evaluation's variables. */
export interface PolicyInput {
  readonly request: RequestVariables
  /** Undefined if the binding has none. */
  readonly params: CelValue | undefined
  /** Undefined for cluster-scoped objects. */
  readonly namespaceObject: CelValue | undefined
}

/** The policy's own variables are computed within the budget. */
export function policyBindings(compiled: CompiledVariables, { request, params, namespaceObject }: PolicyInput, budget: Budget): Bindings {
  const bindings: Bindings = bindingsOf(request, {
    namespaceObject: namespaceObject ?? null,
    params: params ?? null,
    variables: new Variables(compiled, () => bindings, budget),
  })
  return bindings
}
