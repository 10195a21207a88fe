// The rules of schemas, in their own file, which is loaded with the first rule.
export { evaluateDefaultsByRules } from './default-rules.ts'
export { ruleCountProblem, validateRules } from './definition-rules.ts'
export { ruleEvaluator } from './rule-evaluator.ts'
