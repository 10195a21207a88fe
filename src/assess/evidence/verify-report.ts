// Verifies a report of proofs without the cluster: the signature, whose key it is, and whether the report is complete.
import { createHash, type KeyObject, verify } from 'node:crypto'
import { type Envelope, parseEnvelope, preAuthEncoding, statementType } from '../../base/dsse.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { evidenceField, statementV1, testResultV01 } from '../../base/statement.ts'
import { messageOf } from '../../base/user-error.ts'
import { parseReport, type Report } from './parse-report.ts'
import { attemptDigestOf } from './report.ts'

export interface VerifiedReport {
  /** Undefined if it cannot be read. */
  readonly report: Report | undefined
  /** The id of the key whose signature is valid. */
  readonly signedBy: string | undefined
  /** Why it is no evidence; empty if it is authentic and consistent. */
  readonly problems: readonly string[]
}

/** SHA-256 of the public key in base64url, as the signer names its keys. */
export function evidenceKeyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
}

/** `key` is a public key, Ed25519 or EC; without one no signature counts. */
export function verifyReport(text: string, key: KeyObject | undefined): VerifiedReport {
  let envelope: Envelope
  try {
    envelope = parseEnvelope(text)
  } catch (err) {
    return { report: undefined, signedBy: undefined, problems: [`This is not a DSSE envelope: ${messageOf(err)}`] }
  }
  const problems: string[] = []
  if (envelope.payloadType !== statementType)
    problems.push(`The payload type is "${envelope.payloadType}", a report has "${statementType}"`)
  const signedBy = key && signedWith(envelope, key)
  if (signedBy === undefined) problems.push(unsigned(envelope, key))
  let report: Report | undefined
  try {
    report = reportIn(envelope.payload)
    problems.push(...inconsistencies(report, signedBy))
  } catch (err) {
    problems.push(`The payload is not a report of proofs: ${messageOf(err)}`)
  }
  return { report, signedBy, problems }
}

function signedWith({ payloadType, payload, signatures }: Envelope, key: KeyObject): string | undefined {
  const signed = preAuthEncoding(payloadType, payload)
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return signatures.some(({ sig }) => verify(algorithm, signed, key, sig)) ? evidenceKeyId(key) : undefined
}

function unsigned({ signatures }: Envelope, key: KeyObject | undefined): string {
  if (signatures.length === 0) return 'The report is not signed: anybody may have written it'
  const by = signatures.map(({ keyid }) => (keyid === '' ? 'a key without an id' : keyid)).join(', ')
  if (key === undefined) return `The report is signed by ${by}, but there is no key to verify that with`
  const id = evidenceKeyId(key)
  if (signatures.some(({ keyid }) => keyid === id)) return `The signature of key ${id} is wrong: the report was changed`
  return `The report is signed by ${by}, and not by the given key ${id}`
}

/** Throws an error that says what is missing. */
function reportIn(payload: Buffer): Report {
  const statement = parseJson(payload.toString('utf8'))
  if (!isJsonObject(statement) || statement['_type'] !== statementV1) throw new Error(`its type is not ${statementV1}`)
  const { predicateType, predicate } = statement
  if (predicateType !== testResultV01 || !isJsonObject(predicate)) throw new Error(`its predicate type is not ${testResultV01}`)
  return parseReport(predicate, predicate[evidenceField])
}

/** What the signer of an honest report does not sign. */
function inconsistencies({ result, tests, details }: Report, signedBy: string | undefined): string[] {
  const problems: string[] = []
  const { proofs, keyId } = details
  const ids = (verdict: string) => proofs.filter(proof => proof.verdict === verdict).map(({ id }) => id)
  const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every(id => b.includes(id))
  if (!same(tests.passed, ids('PASS')) || !same(tests.warned, ids('SKIP')) || !same(tests.failed, ids('FAIL')))
    problems.push('The lists of passed, warned and failed tests differ from the verdicts of the proofs')
  const expected = tests.failed.length > 0 ? 'FAILED' : tests.warned.length > 0 ? 'WARNED' : 'PASSED'
  if (result !== expected) problems.push(`The result is ${result}, but its proofs amount to ${expected}`)
  if (new Set(proofs.map(({ id }) => id)).size !== proofs.length) problems.push('A proof is reported twice')
  for (const { id, verdict, attempts, attemptCount, attemptDigest } of proofs) {
    if (attempts.length > attemptCount) problems.push(`${id} lists ${attempts.length} attempts of ${attemptCount}`)
    if (attempts.length === attemptCount && attemptDigestOf(attempts) !== attemptDigest)
      problems.push(`${id} lists other attempts than its digest names`)
    if (verdict === 'PASS' && attempts.some(({ held }) => !held)) problems.push(`${id} held, but one of its attempts did not`)
  }
  if (signedBy !== undefined && keyId !== signedBy) problems.push(`The report names the key ${keyId ?? 'none'}, but ${signedBy} signed it`)
  return problems
}
