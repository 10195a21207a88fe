// The rules of schemas, in a file of its own that is loaded with the first of them.
export { judgeDefaultsByRules } from './default-rules.ts'
export { judgeRules, ruleCountProblem } from './definition-rules.ts'
export { ruleJudge } from './rule-judge.ts'
