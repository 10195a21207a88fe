// The findings of an image in the few numbers and lines that its Image object has room for. Pure.
import { maxFindings } from '../../api/resources/supply/image.ts'
import { type DueDateTable, defaultDueDates, dueState, type Exposure } from '../../supply-chain/advisories/due-dates.ts'
import { type Severity, severities } from '../../supply-chain/advisories/finding.ts'
import type { FindingsSummary, KnownFinding } from './image-report.ts'

/** `unmatched` packages are known to no source. */
export function summarizeFindings(findings: readonly KnownFinding[], unmatched: number): FindingsSummary {
  const counts: Record<Severity, number> = { unknown: 0, low: 0, medium: 0, high: 0, critical: 0 }
  let [fixable, exploited] = [0, 0]
  let due = Number.POSITIVE_INFINITY
  let dueExposed = Number.POSITIVE_INFINITY
  let notAffected = 0
  for (const finding of findings) {
    if (finding.notAffected !== undefined) {
      notAffected++
      continue
    }
    counts[finding.severity]++
    if (finding.fixedVersion !== undefined) fixable++
    if (finding.exploited === true) exploited++
    due = Math.min(due, dueOf(finding, 'internal'))
    dueExposed = Math.min(dueExposed, dueOf(finding, 'exposed'))
  }
  return {
    counts,
    fixable,
    exploited,
    notAffected,
    unmatched,
    ...(Number.isFinite(due) ? { due } : {}),
    ...(Number.isFinite(dueExposed) ? { dueExposed } : {}),
    list: mostSevere(findings, maxFindings),
  }
}

/** Milliseconds since 1970; infinity if the finding has no date. */
export function dueOf(finding: KnownFinding, exposure: Exposure, table: DueDateTable = defaultDueDates): number {
  const { firstSeen, fixSeen } = finding
  const state = dueState(finding, { firstSeen, exposure, ...(fixSeen === undefined ? {} : { fixSeen }) }, table, 0)
  return state.state === 'noDate' ? Number.POSITIVE_INFINITY : state.due
}

export function mostSevere(findings: readonly KnownFinding[], most: number): readonly KnownFinding[] {
  const order = (a: KnownFinding, b: KnownFinding): number =>
    Number(a.notAffected !== undefined) - Number(b.notAffected !== undefined) ||
    Number(b.exploited ?? false) - Number(a.exploited ?? false) ||
    severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
    (b.score ?? 0) - (a.score ?? 0) ||
    compare(a.advisory, b.advisory) ||
    compare(a.package, b.package)
  return findings.toSorted(order).slice(0, most)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
