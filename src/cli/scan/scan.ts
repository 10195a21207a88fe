// `bulkhead scan`: finds known vulnerabilities in an image, an archive, a folder, a bill of materials or another scanner's report.
import { UserError } from '../../base/user-error.ts'
import { openAdvisoryDatabase } from '../../supply-chain/advisories/database/open-database.ts'
import { type Finding, type Severity, severities } from '../../supply-chain/advisories/finding.ts'
import { matchPackages } from '../../supply-chain/advisories/match-packages.ts'
import { applyVex } from '../../supply-chain/advisories/vex/apply-vex.ts'
import { readVex } from '../../supply-chain/advisories/vex/index.ts'
import { maxVexBytes } from '../../supply-chain/advisories/vex/vex-statement.ts'
import { scanOutputs } from './outputs/index.ts'
import type { ScanReport } from './outputs/scan-report.ts'
import { readBoundedFile } from './read-bounded-file.ts'
import { readScanTarget, type ScanTarget, scanTargetOf } from './read-scan-target.ts'
import { runScanner, type ScannerEnvironment } from './run-scanner.ts'

export interface ScanFlags {
  readonly advisories?: string
  readonly vex?: readonly string[]
  readonly severity?: Severity
  readonly ignoreUnfixed?: boolean
  readonly output?: 'table' | 'json' | 'sarif' | 'cyclonedx'
  readonly exitCode?: number
  readonly image?: string
  readonly platform?: string
  /** Another scanner that is run: `trivy` or `trivy=PROGRAM`. */
  readonly with?: string
}

export interface ScanContext {
  /** The folder of advisories if no flag names one. */
  readonly advisories: string
  /** Milliseconds since 1970. */
  readonly now: number
  print(text: string): void
  /** For `--with`. Default: empty. */
  readonly environment?: ScannerEnvironment
}

/** Returns the exit code: `--exit-code` if findings apply, else 0. Throws a UserError if the scan cannot be done. */
export async function scan(flags: ScanFlags, target: string, context: ScanContext, signal: AbortSignal): Promise<number> {
  const { exitCode = 1 } = flags
  if (!Number.isInteger(exitCode) || exitCode < 0 || exitCode > 255)
    throw new UserError(`--exit-code must be a number from 0 to 255, got ${exitCode}`)
  const output = scanOutputs.find(({ name }) => name === (flags.output ?? 'table'))
  if (output === undefined) throw new UserError(`There is no output "${flags.output}"`)
  const statements = (flags.vex ?? []).flatMap(file => readVex(readBoundedFile(file, maxVexBytes), file))
  const read = await targetOf(flags, target, context, signal)
  const matched = match(read, flags.advisories ?? context.advisories)
  const image = { digests: read.digest === undefined ? [] : [read.digest], repositories: read.repositories }
  const findings = applyVex(matched.findings, statements, image).filter(wanted(flags)).toSorted(byRelevance)
  const report: ScanReport = {
    subject: target,
    ...(read.digest !== undefined && { digest: read.digest }),
    ...(read.distribution !== undefined && { distribution: read.distribution }),
    ...(read.packages !== undefined && { packages: read.packages }),
    findings,
    gaps: [...read.gaps, ...matched.gaps],
    sources: matched.sources,
    scannedAt: context.now,
  }
  context.print(output.format(report))
  return findings.some(({ notAffected }) => notAffected === undefined) ? exitCode : 0
}

async function targetOf(flags: ScanFlags, target: string, { environment = {} }: ScanContext, signal: AbortSignal): Promise<ScanTarget> {
  if (flags.with === undefined) return await readScanTarget(target, flags, signal)
  if (flags.image !== undefined) throw new UserError('--image cannot be combined with --with')
  return scanTargetOf(await runScanner(flags.with, target, flags.platform, environment, signal))
}

type Matched = Pick<ScanReport, 'findings' | 'gaps' | 'sources'>

function match({ packages, findings }: ScanTarget, folder: string): Matched {
  // Another scanner has matched already.
  if (packages === undefined) return { findings: findings ?? [], gaps: [], sources: [] }
  using database = openAdvisoryDatabase(folder)
  const result = matchPackages(packages, database)
  const systems = new Set(
    result.unknown.map(({ distribution }) =>
      distribution === undefined ? 'no known distribution' : `${distribution.id} ${distribution.version}`.trim(),
    ),
  )
  const gaps = [...systems].map(system => `${result.unknown.length} packages of ${system}: no source has advisories for it`)
  const undecided = result.undecided
    .slice(0, maxUndecidedShown)
    .map(
      ({ package: one, advisory }) => `${one.name} ${one.version}: ${advisory} cannot be evaluated, as a version is none of its ecosystem`,
    )
  const more = result.undecided.length - undecided.length
  return {
    findings: result.findings,
    gaps: [...gaps, ...undecided, ...(more > 0 ? [`${more} more advisories that cannot be evaluated`] : [])],
    sources: database.sources,
  }
}

/** Advisories that cannot be evaluated, by name. */
const maxUndecidedShown = 10

function wanted({ severity = 'unknown', ignoreUnfixed = false }: ScanFlags): (finding: Finding) => boolean {
  const lowest = severities.indexOf(severity)
  return finding => severities.indexOf(finding.severity) >= lowest && (!ignoreUnfixed || finding.fixedVersion !== undefined)
}

/** What applies first, then the most severe, then by package. */
function byRelevance(a: Finding, b: Finding): number {
  const order =
    Number(a.notAffected !== undefined) - Number(b.notAffected !== undefined) ||
    severities.indexOf(b.severity) - severities.indexOf(a.severity)
  const key = ({ package: one, advisory }: Finding) => `${one.name}\n${one.version}\n${advisory}`
  return order || (key(a) < key(b) ? -1 : 1)
}
