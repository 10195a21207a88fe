// The interface of an output format for findings.
import type { Finding } from '../finding.ts'

export interface Report {
  readonly findings: readonly Finding[]
  /** Number of evaluated objects. */
  readonly objects: number
  readonly files: number
  /** Number of documents that are not for Kubernetes. */
  readonly foreign: number
  /** Number of findings that exceptions suppress. */
  readonly excepted: number
  /** Number of findings that `--fix` fixed; they are not among the others. */
  readonly fixed: number
  /** Describes a rule that was violated, and the standards it comes from. */
  describe(rule: string): RuleDescription
}

export interface RuleDescription {
  readonly title: string
  readonly serves: readonly string[]
}

export interface Output {
  readonly name: string
  /** The whole output, without a final line end. */
  format(report: Report, options: { readonly color: boolean }): string
}
