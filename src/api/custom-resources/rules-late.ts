// The rules of schemas, in a file of its own that is loaded with the first of them.
export { evaluateDefaultsByRules } from './default-rules.ts'
export { validateRules, ruleCountProblem } from './definition-rules.ts'
export { ruleEvaluator } from './rule-judge.ts'
