// What policies and match conditions run on, in a file of its own that is loaded with the first of them.
export { compilePolicy } from './compile-policy.ts'
export { judgePolicies } from './judge-policies.ts'
export { compileConditions, judgeConditions } from './match-conditions.ts'
export { bindingsOf, RequestView } from './request-view.ts'
