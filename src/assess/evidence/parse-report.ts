// Parses the predicate of a report: it comes from a file that anybody may have written.
import { isJsonObject } from '../../base/json.ts'
import type { Attempt } from '../attempt-log.ts'
import type { ReportedProof, ReportFacts } from './report.ts'
import type { Verdict } from './verdict.ts'

export interface Report {
  readonly result: string
  readonly tests: { readonly passed: readonly string[]; readonly warned: readonly string[]; readonly failed: readonly string[] }
  readonly details: ReportFacts & { readonly proofs: readonly ReportedProof[] }
}

type Fields = Readonly<Record<string, unknown>>

/** Throws an error that names the first field that is missing or has another type. */
export function parseReport(predicate: Fields, details: unknown): Report {
  const fields = object('details', details)
  const { cluster, by, host, keyId } = fields
  return {
    result: text(predicate, 'result'),
    tests: { passed: texts(predicate, 'passedTests'), warned: texts(predicate, 'warnedTests'), failed: texts(predicate, 'failedTests') },
    details: {
      bulkhead: text(fields, 'bulkhead'),
      build: text(fields, 'build'),
      configuration: text(fields, 'configuration'),
      cluster: {
        uid: text(object('cluster', cluster), 'uid'),
        server: text(object('cluster', cluster), 'server'),
        authority: text(object('cluster', cluster), 'authority'),
      },
      by: { user: text(object('by', by), 'user'), machineUser: text(object('by', by), 'machineUser') },
      host: parseHost(object('host', host)),
      nodes: list(fields, 'nodes').map(node => ({
        name: text(node, 'name'),
        runtime: text(node, 'runtime'),
        kernel: text(node, 'kernel'),
      })),
      started: text(fields, 'started'),
      finished: text(fields, 'finished'),
      keyId: keyId === undefined ? undefined : text(fields, 'keyId'),
      notRun: texts(fields, 'notRun'),
      proofs: list(fields, 'proofs').map(parseProof),
    },
  }
}

const parseHost = (host: Fields): ReportFacts['host'] => ({
  name: text(host, 'name'),
  kernel: text(host, 'kernel'),
  architecture: text(host, 'architecture'),
  node: text(host, 'node'),
  isOfCluster: host['isOfCluster'] === true,
})

function parseProof(proof: Fields): ReportedProof {
  const verdict = verdicts.find(known => known === proof['verdict'])
  if (verdict === undefined) throw new Error('a proof has no verdict')
  const optional = (name: 'evidence' | 'reason') => (proof[name] === undefined ? {} : { [name]: text(proof, name) })
  return {
    ...{ id: text(proof, 'id'), title: text(proof, 'title'), verdict, attack: text(proof, 'attack'), expected: text(proof, 'expected') },
    references: texts(proof, 'references'),
    ...{ started: text(proof, 'started'), milliseconds: count(proof, 'milliseconds') },
    ...optional('evidence'),
    ...optional('reason'),
    ...(proof['found'] === undefined ? {} : { found: texts(proof, 'found') }),
    attempts: list(proof, 'attempts').map(parseAttempt),
    attemptCount: count(proof, 'attemptCount'),
    attemptDigest: text(proof, 'attemptDigest'),
  }
}

const verdicts: readonly Verdict[] = ['PASS', 'FAIL', 'SKIP']

const parseAttempt = (attempt: Fields): Attempt => ({
  ...{ name: text(attempt, 'name'), sent: text(attempt, 'sent'), expected: text(attempt, 'expected'), answered: text(attempt, 'answered') },
  held: attempt['held'] === true,
})

function object(name: string, value: unknown): Fields {
  if (!isJsonObject(value)) throw new Error(`it has no "${name}"`)
  return value
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw new Error(`"${name}" is not a text`)
  return value
}

function count(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new Error(`"${name}" is not a number`)
  return value
}

function list(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name]
  if (!Array.isArray(value)) throw new Error(`"${name}" is not a list`)
  return value.map(entry => object(name, entry))
}

function texts(fields: Fields, name: string): readonly string[] {
  const value = fields[name]
  if (!Array.isArray(value) || !value.every(entry => typeof entry === 'string')) throw new Error(`"${name}" is not a list of texts`)
  return value
}
