// One form in which findings are printed.
import type { Finding } from '../finding.ts'

export interface Report {
  readonly findings: readonly Finding[]
  /** How many objects were judged. */
  readonly objects: number
  readonly files: number
  /** Documents of folders in which nothing says that they are for Kubernetes. */
  readonly foreign: number
  /** Findings that an exception holds back. */
  readonly excepted: number
  /** Findings that `--fix` has ended; they are not among the others. */
  readonly fixed: number
  /** What each rule that was found is about, and whose advice it is. */
  describe(rule: string): RuleDescription
}

export interface RuleDescription {
  readonly title: string
  readonly serves: readonly string[]
}

export interface Output {
  readonly name: string
  /** All that is printed, without the last line end. */
  format(report: Report, options: { readonly color: boolean }): string
}
