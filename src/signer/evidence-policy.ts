// The key for evidence signs only reports of proofs: nothing else can carry its signature.
import { isJsonObject, parseJson } from '../base/json.ts'
import { evidenceField, maxStatementBytes, statementV1, testResultV01 } from '../base/statement.ts'
import { PolicyViolation } from './policy.ts'

const predicateFields: ReadonlySet<string> = new Set([
  'result',
  'configuration',
  'passedTests',
  'warnedTests',
  'failedTests',
  evidenceField,
])

/** Throws `PolicyViolation` unless the statement is the report of a run of proofs. */
export function checkEvidence(statement: Buffer): void {
  if (statement.length > maxStatementBytes)
    throw new PolicyViolation('evidence-size', `A report may have at most ${maxStatementBytes} bytes, not ${statement.length}`)
  const value = parsed(statement)
  const { _type, subject, predicateType, predicate, ...rest } = value
  const form = (what: string) => new PolicyViolation('evidence-form', `A report must have ${what}`)
  if (_type !== statementV1) throw form(`the type ${statementV1}`)
  if (predicateType !== testResultV01) throw form(`the predicate type ${testResultV01}`)
  if (Object.keys(rest).length > 0) throw form('no other fields than a statement')
  if (!Array.isArray(subject) || subject.length !== 1 || !subject.every(isSubject)) throw form('one subject with a SHA-256 digest')
  if (!isJsonObject(predicate)) throw form('a predicate')
  if (!Object.keys(predicate).every(name => predicateFields.has(name))) throw form('no other fields than a test result')
  if (!['PASSED', 'WARNED', 'FAILED'].includes(String(predicate['result']))) throw form('the result PASSED, WARNED or FAILED')
  if (!isJsonObject(predicate[evidenceField])) throw form(`the details in "${evidenceField}"`)
}

/** The part `backup` runs this proof only: it must not be able to attest that other controls hold. */
const backupProof = 'T4'

/** Throws `PolicyViolation` for a valid report of other proofs than that of restored backups. */
export function checkBackupEvidence(statement: Buffer): void {
  const { predicate } = parsed(statement)
  if (!isJsonObject(predicate)) throw new PolicyViolation('evidence-form', 'A report must have a predicate')
  const details = predicate[evidenceField]
  const proofs = isJsonObject(details) && Array.isArray(details['proofs']) ? details['proofs'] : []
  const ids = proofs.map(proof => (isJsonObject(proof) ? proof['id'] : undefined))
  const named = ['passedTests', 'warnedTests', 'failedTests'].flatMap(field => (Array.isArray(predicate[field]) ? predicate[field] : []))
  if (ids.length === 0 || [...ids, ...named].some(id => id !== backupProof))
    throw new PolicyViolation('evidence-proof', `The part "backup" may sign reports of proof ${backupProof} only`)
}

function parsed(statement: Buffer): Readonly<Record<string, unknown>> {
  const violation = new PolicyViolation('evidence-form', 'A report must be a JSON object')
  let value: unknown
  try {
    value = parseJson(statement.toString('utf8'))
  } catch {
    throw violation
  }
  if (!isJsonObject(value)) throw violation
  return value
}

const isSubject = (subject: unknown): boolean =>
  isJsonObject(subject) && isJsonObject(subject['digest']) && /^[0-9a-f]{64}$/.test(String(subject['digest']['sha256']))
