// When a finding must be gone: by its severity, how exposed the workload is, whether it is exploited, and whether there is a fix. Pure.
import type { Finding, Severity } from './finding.ts'

export type Exposure = 'internal' | 'exposed'

/** Days from the first sight of a finding; unset: no date. */
export type DaysBySeverity = Readonly<Partial<Record<Severity, number>>>

export interface DueDateTable {
  /** A Service or Ingress that leads to the workload from outside makes it `exposed`. */
  readonly days: Readonly<Record<Exposure, DaysBySeverity>>
  /** Of CVEs in CISA's catalogue, or with at least `likely` as their EPSS probability, whatever their severity is. */
  readonly exploitedDays: number
  readonly likely: number
  /** Without a fix nothing can be updated: no date until there is one. */
  readonly needsFix: boolean
  /** So many days before the date it is `dueSoon`. */
  readonly warningDays: number
}

/** CISA's directive 22-01 has 14 days for exploited vulnerabilities, 19-02 has 15 and 30 days for critical and high ones of what the internet reaches. */
export const defaultDueDates: DueDateTable = {
  days: { exposed: { critical: 15, high: 30, medium: 90 }, internal: { critical: 30, high: 60, medium: 180 } },
  exploitedDays: 14,
  likely: 0.5,
  needsFix: true,
  warningDays: 7,
}

export type DueState =
  /** `due` is in milliseconds since 1970. */
  | { readonly state: 'ok' | 'dueSoon' | 'overdue'; readonly due: number }
  | { readonly state: 'noDate'; readonly reason: 'not affected' | 'no fix' | 'severity' }

const dayMs = 86_400_000

/**
 * `firstSeen` is when the finding was first reported for this image, `fixSeen` when a fix was first known, and the days begin with the later if a fix
 * is needed. From the moment `due` on it is overdue.
 */
export function dueState(
  finding: Pick<Finding, 'severity' | 'fixedVersion' | 'notAffected' | 'epss' | 'exploited'>,
  seen: { readonly firstSeen: number; readonly fixSeen?: number; readonly exposure: Exposure },
  table: DueDateTable,
  now: number,
): DueState {
  if (finding.notAffected !== undefined) return { state: 'noDate', reason: 'not affected' }
  if (table.needsFix && finding.fixedVersion === undefined) return { state: 'noDate', reason: 'no fix' }
  const isExploited = finding.exploited === true || (finding.epss ?? 0) >= table.likely
  const bySeverity = table.days[seen.exposure][finding.severity]
  const days = isExploited ? Math.min(table.exploitedDays, bySeverity ?? table.exploitedDays) : bySeverity
  if (days === undefined) return { state: 'noDate', reason: 'severity' }
  const start = table.needsFix ? Math.max(seen.firstSeen, seen.fixSeen ?? seen.firstSeen) : seen.firstSeen
  const due = start + days * dayMs
  if (now >= due) return { state: 'overdue', due }
  return { state: now >= due - table.warningDays * dayMs ? 'dueSoon' : 'ok', due }
}
