// Formats a verified report: whether it is authentic, of what it is, and what came of it.
import type { Report } from '../../assess/evidence/parse-report.ts'
import type { VerifiedReport } from '../../assess/evidence/verify-report.ts'
import { printable } from '../terminal/printable.ts'

export function formatVerified({ report, signedBy, problems }: VerifiedReport): string {
  const trust =
    problems.length === 0
      ? [`AUTHENTIC: signed by key ${signedBy}`]
      : ['NOT AUTHENTIC: do not rely on what follows', ...problems.map(problem => `  ${printable(problem)}`)]
  return [...trust, ...(report === undefined ? [] : reportLines(report))].join('\n')
}

function reportLines({ result, tests, details }: Report): string[] {
  const { cluster, build, configuration, bulkhead, started, finished, by, host, proofs, notRun } = details
  const attempts = proofs.reduce((sum, { attemptCount }) => sum + attemptCount, 0)
  const listed = proofs.reduce((sum, proof) => sum + proof.attempts.length, 0)
  const of = (what: string, ids: readonly string[]) => (ids.length === 0 ? [] : [`${what}: ${ids.join(', ')}`])
  return [
    `cluster: ${cluster.uid} at ${cluster.server}, authority ${cluster.authority}`,
    `build: ${build} (Bulkhead ${bulkhead})`,
    `configuration: ${configuration}`,
    `run: ${started} to ${finished} by ${by.user} (${by.machineUser} on ${host.name})`,
    `result: ${result}: ${tests.passed.length} held, ${tests.failed.length} failed, ${tests.warned.length} skipped of ${proofs.length} proofs`,
    `attempts: ${attempts}, ${listed} of them listed`,
    ...of('failed', tests.failed),
    ...of('skipped, so nothing is proved about them', tests.warned),
    ...of('not run', notRun),
  ].map(printable)
}
