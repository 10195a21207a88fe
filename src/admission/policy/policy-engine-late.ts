// The engine of policies and match conditions, in a separate file that is loaded with the first of them.
export { compileMutations } from './compile-mutations.ts'
export { compilePolicy } from './compile-policy.ts'
export { evaluatePolicies } from './evaluate-policies.ts'
export { compileConditions, evaluateConditions } from './match-conditions.ts'
export { mutateByPolicies } from './mutate-by-policies.ts'
export { bindingsOf, RequestView } from './request-view.ts'
