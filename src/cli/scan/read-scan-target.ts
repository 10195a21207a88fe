// What is to be scanned: packages, or what another scanner found.
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { cannotRead, codeOf, UserError } from '../../base/user-error.ts'
import type { Finding } from '../../supply-chain/advisories/finding.ts'
import { readReport } from '../../supply-chain/advisories/reports/index.ts'
import { type ImportedReport, maxReportBytes } from '../../supply-chain/advisories/reports/report-format.ts'
import { parseBoundedJson } from '../../supply-chain/oci/bounded-json.ts'
import { isCycloneDx } from '../../supply-chain/packages/formats/cyclonedx.ts'
import { readSbom } from '../../supply-chain/packages/formats/read-sbom.ts'
import { isSpdx } from '../../supply-chain/packages/formats/spdx.ts'
import type { Distribution, SoftwarePackage } from '../../supply-chain/packages/software-package.ts'
import { type ImageChoice, readSoftware } from '../sbom/read-software.ts'
import { readBoundedFile } from './read-bounded-file.ts'

export interface ScanTarget {
  readonly digest?: string
  /** As VEX statements may name it; empty if it has no name. */
  readonly repositories: readonly string[]
  readonly distribution?: Distribution
  /** Unset for a report of another scanner, which has findings instead. */
  readonly packages?: readonly SoftwarePackage[]
  readonly findings?: readonly Finding[]
  /** What could not be read, one sentence each. */
  readonly gaps: readonly string[]
}

/** Files that could not be read, by name. */
const maxSkippedShown = 10

/** `text` is an OCI layout, an archive of an image, a folder, or a JSON file. Rejects with a UserError. */
export async function readScanTarget(text: string, choice: ImageChoice, signal: AbortSignal): Promise<ScanTarget> {
  if (isJsonFile(text)) return readJson(text)
  const { subject, distribution, packages, skipped } = await readSoftware(text, choice, signal)
  return {
    ...(subject.digest !== undefined && { digest: subject.digest }),
    repositories: subject.kind === 'image' ? [repositoryOf(subject.name)] : [],
    ...(distribution !== undefined && { distribution }),
    packages,
    gaps: gapsOf(skipped),
  }
}

function gapsOf(skipped: readonly { readonly path: string; readonly reason: string }[]): readonly string[] {
  const named = skipped.slice(0, maxSkippedShown).map(({ path, reason }) => `"${path}": ${reason}`)
  const more = skipped.length - named.length
  return more > 0 ? [...named, `${more} more files or packages`] : named
}

/** Without tag and digest. */
function repositoryOf(name: string): string {
  const [plain = name] = name.split('@', 1)
  const colon = plain.lastIndexOf(':')
  return colon > plain.lastIndexOf('/') ? plain.slice(0, colon) : plain
}

/** Archives begin otherwise. */
function isJsonFile(path: string): boolean {
  let file: number | undefined
  try {
    if (!statSync(path).isFile()) return false
    file = openSync(path, 'r')
    const head = Buffer.alloc(64)
    const length = readSync(file, head)
    return head
      .toString('latin1', 0, length)
      .replace(/^\xef\xbb\xbf/, '')
      .trimStart()
      .startsWith('{')
  } catch (err) {
    if (codeOf(err) === 'ENOENT' || codeOf(err) === 'ENOTDIR') return false
    throw cannotRead(path, err)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function readJson(path: string): ScanTarget {
  const bytes = readBoundedFile(path, maxReportBytes)
  const where = `"${path}"`
  const document = parseBoundedJson(bytes, maxReportBytes, where)
  if (isCycloneDx(document) || isSpdx(document)) {
    const { subject, distribution, packages, skipped } = readSbom(bytes, where)
    const digest = subject.digest === undefined ? {} : { digest: subject.digest }
    return { ...digest, repositories: [], ...(distribution !== undefined && { distribution }), packages, gaps: gapsOf(skipped) }
  }
  const report = readReport(document, path)
  if (report === undefined)
    throw new UserError(`${where} must be a bill of materials (CycloneDX or SPDX) or a report of Trivy, Grype or SARIF`)
  return scanTargetOf(report)
}

export const scanTargetOf = ({ findings, skipped }: ImportedReport): ScanTarget => ({
  repositories: [],
  findings,
  gaps: skipped === 0 ? [] : [`${skipped} results that name no package of a known type`],
})
