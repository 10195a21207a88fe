// Compiles a MutatingAdmissionPolicy.
import type { MutationUse } from '../../api/cel/kubernetes/admission.ts'
import type { MutatingAdmissionPolicySpec, Mutation } from '../../api/types/admissionregistration-v1alpha1.ts'
import { compileExpression, type Expression } from './expression.ts'
import { type Conditions, compileConditions } from './match-conditions.ts'
import { type CompiledVariables, compileVariables } from './variables.ts'

export interface CompiledMutation {
  readonly use: MutationUse
  readonly expression: Expression
}

export interface CompiledMutations {
  readonly variables: CompiledVariables
  readonly conditions: Conditions
  readonly mutations: readonly CompiledMutation[]
}

export function compileMutations(spec: MutatingAdmissionPolicySpec): CompiledMutations {
  const params = spec.paramKind !== undefined
  const variables = compileVariables(spec.variables ?? [], params)
  const scope = { params, authorizer: true, stored: true, variables: variables.types }
  return {
    variables,
    conditions: compileConditions(spec.matchConditions, params, variables.types),
    mutations: (spec.mutations ?? []).flatMap(mutation => {
      const body = bodyOf(mutation)
      return body === undefined ? [] : [{ use: body.use, expression: compileExpression(body.text, body.use, scope) }]
    }),
  }
}

function bodyOf({ patchType, applyConfiguration, jsonPatch }: Mutation): { readonly use: MutationUse; readonly text: string } | undefined {
  if (patchType === 'ApplyConfiguration') return { use: 'ApplyConfiguration', text: applyConfiguration?.expression ?? '' }
  return patchType === 'JSONPatch' ? { use: 'JSONPatch', text: jsonPatch?.expression ?? '' } : undefined
}
