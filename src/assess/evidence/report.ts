// The report of a run of proofs as an in-toto statement: what was attacked, when, by whom, and what came of each attempt.
import { createHash } from 'node:crypto'
import { canonicalJson } from '../../base/canonical-json.ts'
import { evidenceField, maxStatementBytes, statementV1, testResultV01 } from '../../base/statement.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Attempt } from '../attempt-log.ts'
import { referencesOf } from '../references.ts'
import type { ProofResult } from '../run-proofs.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export interface ReportFacts {
  readonly bulkhead: string
  /** Digests of the code and the settings of the server that was attacked, SHA-256 in hexadecimal. */
  readonly build: string
  readonly configuration: string
  readonly cluster: {
    /** Of the namespace kube-system: it lives as long as the cluster. */
    readonly uid: string
    readonly server: string
    /** SHA-256 fingerprint of the authority of the server's certificate. */
    readonly authority: string
  }
  /** The user as whom the proofs prepared their attacks, and the one of the machine that ran them. */
  readonly by: { readonly user: string; readonly machineUser: string }
  /** The machine that ran the proofs. */
  readonly host: {
    readonly name: string
    readonly kernel: string
    readonly architecture: string
    readonly node: string
    readonly isOfCluster: boolean
  }
  readonly nodes: readonly { readonly name: string; readonly runtime: string; readonly kernel: string }[]
  /** RFC 3339. */
  readonly started: string
  readonly finished: string
  /** Undefined if nobody signs. */
  readonly keyId: string | undefined
  /** Proofs of this build that were not chosen. */
  readonly notRun: readonly string[]
}

export interface ReportedProof {
  readonly id: string
  readonly title: string
  readonly verdict: Verdict
  readonly attack: string
  readonly expected: string
  /** Such as `T1611` of ATT&CK and `CIS 5.2.2`. */
  readonly references: readonly string[]
  readonly started: string
  readonly milliseconds: number
  /** Of one that held. */
  readonly evidence?: string
  /** Of one that failed. */
  readonly found?: readonly string[]
  /** Of one that was skipped. */
  readonly reason?: string
  readonly attempts: readonly Attempt[]
  /** All of them; those that did not fit are not listed. */
  readonly attemptCount: number
  /** SHA-256 over the canonical JSON of all attempts, as they are listed. */
  readonly attemptDigest: string
}

const maxFound = 100
const maxText = 400
const maxNodes = 50

/** The JSON of the statement, at most as long as the signer signs. Attempts that did not hold are listed before others. */
export function formatStatement(facts: ReportFacts, results: readonly ProofResult[]): Buffer {
  const without = results.map(result => reported(result, []))
  const room = maxStatementBytes - Buffer.byteLength(writeJson(statement(facts, without)))
  const listed = fit(results, room)
  return Buffer.from(
    writeJson(
      statement(
        facts,
        results.map(result => reported(result, listed.get(result) ?? [])),
      ),
    ),
  )
}

function statement(facts: ReportFacts, proofs: readonly ReportedProof[]) {
  const ids = (verdict: Verdict) => proofs.filter(proof => proof.verdict === verdict).map(({ id }) => id)
  const [passedTests, warnedTests, failedTests] = [ids('PASS'), ids('SKIP'), ids('FAIL')]
  return {
    _type: statementV1,
    subject: [{ name: `bulkhead-cluster/${facts.cluster.uid}`, digest: { sha256: facts.build } }],
    predicateType: testResultV01,
    predicate: {
      result: failedTests.length > 0 ? 'FAILED' : warnedTests.length > 0 ? 'WARNED' : 'PASSED',
      configuration: [{ name: 'settings of the cluster', digest: { sha256: facts.configuration } }],
      ...{ passedTests, warnedTests, failedTests },
      [evidenceField]: { ...facts, nodes: facts.nodes.slice(0, maxNodes), proofs },
    },
  }
}

function reported(result: ProofResult, attempts: readonly Attempt[]): ReportedProof {
  const { id, title, attack, expected, started, milliseconds, outcome } = result
  return {
    ...{ id, title, verdict: verdictOf(result), attack, expected, references: referencesOf(id), started, milliseconds },
    ...('skipped' in outcome
      ? { reason: cut(outcome.reason) }
      : outcome.held
        ? { evidence: cut(outcome.evidence) }
        : { found: outcome.found.slice(0, maxFound).map(cut) }),
    attempts,
    attemptCount: result.attempts.length,
    attemptDigest: attemptDigestOf(result.attempts),
  }
}

/** Compared where all attempts are listed. */
export const attemptDigestOf = (attempts: readonly Attempt[]): string =>
  createHash('sha256')
    .update(canonicalJson(attempts.map(short)))
    .digest('hex')

/** An equal share of the room for each proof; what one does not need is for those with more attempts. */
function fit(results: readonly ProofResult[], room: number): Map<ProofResult, readonly Attempt[]> {
  const sized = results
    .map(result => ({ result, attempts: result.attempts.map(short) }))
    .map(entry => ({ ...entry, bytes: bytesOf(entry.attempts) }))
  let left = room
  let proofs = results.length
  const listed = new Map<ProofResult, readonly Attempt[]>()
  for (const { result, attempts } of sized.toSorted((a, b) => a.bytes - b.bytes)) {
    const chosen = chooseAttempts(attempts, Math.floor(left / proofs--))
    listed.set(result, chosen)
    left -= bytesOf(chosen)
  }
  return listed
}

/** In their order, those that did not hold first in the choice. */
function chooseAttempts(attempts: readonly Attempt[], room: number): readonly Attempt[] {
  let left = room
  const chosen = new Set<Attempt>()
  for (const attempt of [...attempts.filter(({ held }) => !held), ...attempts.filter(({ held }) => held)]) {
    left -= bytesOf([attempt])
    if (left < 0) break
    chosen.add(attempt)
  }
  return attempts.filter(attempt => chosen.has(attempt))
}

/** With the comma after each. */
const bytesOf = (attempts: readonly Attempt[]): number =>
  attempts.reduce((sum, attempt) => sum + Buffer.byteLength(writeJson(attempt)) + 1, 0)

const short = ({ name, sent, expected, answered, held }: Attempt): Attempt => ({
  ...{ name: cut(name), sent: cut(sent), expected: cut(expected), answered: cut(answered), held },
})

const cut = (text: string): string => (text.length <= maxText ? text : `${text.slice(0, maxText)}…`)
