// An advisory of any source, in the form that the database holds and that packages are matched against.
import type { Severity } from './finding.ts'

/**
 * A point in the order of versions: from `introduced` on a version is affected, from `fixed` on it is not, after `lastAffected` it is not, and a
 * version at or after every `limit` never is (OSV schema, affected[].ranges[].events). `introduced` `0` is before every version.
 */
export type RangeEvent = readonly [kind: 'introduced' | 'fixed' | 'lastAffected' | 'limit', version: string]

export interface AffectedPackage {
  /** As `ecosystemOf()` writes it: `npm`, `debian:12`. */
  readonly ecosystem: string
  /** As `advisoryNames()` writes it. */
  readonly name: string
  readonly ranges: readonly (readonly RangeEvent[])[]
  /** Single versions that are affected too. */
  readonly versions: readonly string[]
}

export interface Advisory {
  readonly id: string
  /** Sorted. */
  readonly cves: readonly string[]
  readonly severity: Severity
  /** CVSS base score, 0 to 10. */
  readonly score?: number
  /** One line, at most `maxSummaryLength` characters. */
  readonly summary?: string
  readonly affected: readonly AffectedPackage[]
}

export const maxSummaryLength = 200

/** A CVE id (cve.org): a year, and at least four digits. */
export const isCve = (text: string): boolean => /^CVE-[0-9]{4}-[0-9]{4,19}$/.test(text)

/** The ids that are of CVEs, sorted, each once. */
export const cvesAmong = (ids: readonly string[]): readonly string[] => [...new Set(ids.filter(isCve))].sort()

/** The first line, without control characters, cut at `maxSummaryLength`. */
export function summaryOf(text: string | undefined): string | undefined {
  const line =
    text
      ?.slice(0, 4 * maxSummaryLength)
      .replace(/\p{C}+/gu, ' ')
      .trim() ?? ''
  return line === '' ? undefined : line.length > maxSummaryLength ? `${line.slice(0, maxSummaryLength - 1)}…` : line
}
