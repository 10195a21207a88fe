// What policies run on, in a file of its own that is loaded with the first policy.

export { compilePolicy } from './compile-policy.ts'
export { judgePolicies } from './judge-policies.ts'
