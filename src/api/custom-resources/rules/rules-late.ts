// The rules of schemas, in a file of its own that is loaded with the first of them.
export { evaluateDefaultsByRules } from './default-rules.ts'
export { ruleCountProblem, validateRules } from './definition-rules.ts'
export { ruleEvaluator } from './rule-evaluator.ts'
