// What a scan found, and the interface of its output formats.
import type { SourceState } from '../../../supply-chain/advisories/database/source-file.ts'
import type { Finding } from '../../../supply-chain/advisories/finding.ts'
import type { Distribution, SoftwarePackage } from '../../../supply-chain/packages/software-package.ts'

export interface ScanReport {
  /** As the user named it. */
  readonly subject: string
  /** Of an image. */
  readonly digest?: string
  readonly distribution?: Distribution
  /** Unset for a report of another scanner. */
  readonly packages?: readonly SoftwarePackage[]
  /** Most severe first; those that do not apply (VEX) last. */
  readonly findings: readonly Finding[]
  /** What the answer does not cover, one sentence each. */
  readonly gaps: readonly string[]
  readonly sources: readonly SourceState[]
  /** Milliseconds since 1970. */
  readonly scannedAt: number
}

export interface ScanOutput {
  readonly name: string
  /** The whole output, without a final line end. */
  format(report: ScanReport): string
}
