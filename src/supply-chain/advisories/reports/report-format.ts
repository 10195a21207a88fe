// The form of a report of another scanner.
import { UserError } from '../../../base/user-error.ts'
import type { SoftwarePackage } from '../../packages/software-package.ts'
import type { Finding } from '../finding.ts'
import type { JsonObject } from '../record-fields.ts'

export interface ImportedReport {
  readonly findings: readonly Finding[]
  /** Results without a package that we know the type of. */
  readonly skipped: number
}

export interface ReportFormat {
  readonly name: string
  /** Whether the document says that it has this format. */
  recognizes(document: JsonObject): boolean
  /** Throws a UserError that names the result and the field; `where` begins its message. */
  read(document: JsonObject, where: string): ImportedReport
}

/** Bytes of one report. */
export const maxReportBytes = 256 << 20
/** Findings of one report. */
export const maxReportFindings = 200_000

/** Collects findings up to the limit. */
export function collectFindings(found: Iterable<Finding | undefined>, where: string): ImportedReport {
  const findings: Finding[] = []
  let skipped = 0
  for (const finding of found) {
    if (finding === undefined) skipped++
    else findings.push(finding)
    if (findings.length + skipped > maxReportFindings)
      throw new UserError(`${where} has more than ${maxReportFindings} findings, which is the limit`)
  }
  return { findings, skipped }
}

/** What a report says of a package beyond its package URL. */
export interface ReportedPackage {
  readonly name: string
  readonly version: string
  readonly location?: string
}

export const locationsOf = (location: string | undefined): Pick<SoftwarePackage, 'locations'> => ({
  locations: location === undefined ? [] : [location.startsWith('/') ? location : `/${location}`],
})
