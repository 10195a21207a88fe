// The findings of an image in the few numbers and lines that its Image object has room for. Pure.
import { maxFindings } from '../../api/resources/supply/image.ts'
import { type DueDateTable, defaultDueDates, dueState, type Exposure } from '../../supply-chain/advisories/due-dates.ts'
import { type Severity, severities } from '../../supply-chain/advisories/finding.ts'
import type { FindingsSummary, KnownFinding } from './image-report.ts'

/** Of one package, which many images share. Times are infinite where there is none. */
export type PackageSummary = Omit<Required<FindingsSummary>, 'unmatched'>

/** `unmatched` packages are known to no source. */
export const summarizeFindings = (findings: readonly KnownFinding[], unmatched: number): FindingsSummary =>
  mergeSummaries([summarizePackage(findings)], unmatched)

export function summarizePackage(findings: readonly KnownFinding[]): PackageSummary {
  const counts = noCounts()
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
  return { counts, fixable, exploited, notAffected, due, dueExposed, list: mostSevere(findings, maxFindings) }
}

/** The same as of all findings together: the most severe of all are among the most severe of each. */
export function mergeSummaries(parts: readonly PackageSummary[], unmatched: number): FindingsSummary {
  const counts = noCounts()
  let [fixable, exploited, notAffected] = [0, 0, 0]
  let due = Number.POSITIVE_INFINITY
  let dueExposed = Number.POSITIVE_INFINITY
  const lists: (readonly KnownFinding[])[] = []
  for (const part of parts) {
    for (const severity of severities) counts[severity] += part.counts[severity]
    fixable += part.fixable
    exploited += part.exploited
    notAffected += part.notAffected
    due = Math.min(due, part.due)
    dueExposed = Math.min(dueExposed, part.dueExposed)
    lists.push(part.list)
  }
  return {
    ...{ counts, fixable, exploited, notAffected, unmatched },
    ...(Number.isFinite(due) ? { due } : {}),
    ...(Number.isFinite(dueExposed) ? { dueExposed } : {}),
    list: mostSevere(lists.flat(), maxFindings),
  }
}

const noCounts = (): Record<Severity, number> => ({ unknown: 0, low: 0, medium: 0, high: 0, critical: 0 })

/** Milliseconds since 1970; infinity if the finding has no date. */
export function dueOf(finding: KnownFinding, exposure: Exposure, table: DueDateTable = defaultDueDates): number {
  const { firstSeen, fixSeen } = finding
  const state = dueState(finding, { firstSeen, exposure, ...(fixSeen === undefined ? {} : { fixSeen }) }, table, 0)
  return state.state === 'noDate' ? Number.POSITIVE_INFINITY : state.due
}

/** Sorted, with at most `most`; few of many are chosen without sorting the others. */
export function mostSevere(findings: readonly KnownFinding[], most: number): readonly KnownFinding[] {
  const chosen: KnownFinding[] = []
  for (const finding of findings) {
    const last = chosen.at(-1)
    if (chosen.length >= most && last !== undefined && order(finding, last) >= 0) continue
    let [low, high] = [0, chosen.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = chosen[middle]
      // Equal ones stay in their order.
      if (other !== undefined && order(other, finding) <= 0) low = middle + 1
      else high = middle
    }
    chosen.splice(low, 0, finding)
    if (chosen.length > most) chosen.pop()
  }
  return chosen
}

const rank: Readonly<Record<Severity, number>> = { unknown: 0, low: 1, medium: 2, high: 3, critical: 4 }

const order = (a: KnownFinding, b: KnownFinding): number =>
  Number(a.notAffected !== undefined) - Number(b.notAffected !== undefined) ||
  Number(b.exploited ?? false) - Number(a.exploited ?? false) ||
  rank[b.severity] - rank[a.severity] ||
  (b.score ?? 0) - (a.score ?? 0) ||
  compare(a.advisory, b.advisory) ||
  compare(a.package, b.package)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
