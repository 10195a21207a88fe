// A known vulnerability of a package that is there.
import type { SoftwarePackage } from '../packages/software-package.ts'

export type Severity = 'unknown' | 'low' | 'medium' | 'high' | 'critical'

/** The lowest first. */
export const severities: readonly Severity[] = ['unknown', 'low', 'medium', 'high', 'critical']

export interface Finding {
  /** The advisory's id in its source, such as `DSA-5417-1` or `GHSA-…`. */
  readonly advisory: string
  /** Its CVE ids, sorted; empty if it has none. */
  readonly cves: readonly string[]
  readonly package: SoftwarePackage
  readonly severity: Severity
  /** The base score of its CVSS vector, 0 to 10. */
  readonly score?: number
  /** The lowest version without the vulnerability; unset if there is none. */
  readonly fixedVersion?: string
  /** Set if a VEX statement says that it does not apply: its justification. */
  readonly notAffected?: string
  /** The name of the source that has the advisory, such as `debian`. */
  readonly source: string
  /** One line. */
  readonly summary?: string
  /** The probability that it is exploited within 30 days (EPSS of FIRST), 0 to 1; of its CVE with the highest. */
  readonly epss?: number
  /** Set if it is known to be exploited (CISA's catalogue). */
  readonly exploited?: true
}
