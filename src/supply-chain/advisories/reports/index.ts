// Reads reports of other scanners.
import { UserError } from '../../../base/user-error.ts'
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import { objectAt } from '../record-fields.ts'
import { grype } from './grype.ts'
import { type ImportedReport, maxReportBytes, type ReportFormat } from './report-format.ts'
import { sarif } from './sarif.ts'
import { trivy } from './trivy.ts'

export const reportFormats: readonly ReportFormat[] = [trivy, grype, sarif]

/** The findings of a report of any format; undefined if the document is none. Throws a UserError that names the result and the field. */
export function readReport(document: unknown, file: string): ImportedReport | undefined {
  const where = `"${file}"`
  const report = objectAt(document, where)
  return reportFormats.find(one => one.recognizes(report))?.read(report, where)
}

/** As `readReport()`, from bytes. Throws a UserError if they are no report. */
export function parseReport(bytes: Uint8Array, file: string): ImportedReport {
  const report = readReport(parseBoundedJson(bytes, maxReportBytes, `"${file}"`), file)
  if (report === undefined)
    throw new UserError(`"${file}" must be a report in the format ${reportFormats.map(({ name }) => name).join(', ')}`)
  return report
}
