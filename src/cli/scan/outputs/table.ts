// For people: one line per finding, and what the scan did not cover.
import { type Finding, severities } from '../../../supply-chain/advisories/finding.ts'
import { printable } from '../../terminal/printable.ts'
import type { ScanOutput, ScanReport } from './scan-report.ts'

const columns = ['PACKAGE', 'INSTALLED', 'FIXED', 'SEVERITY', 'ADVISORY', 'NOTE'] as const

export const table: ScanOutput = {
  name: 'table',
  format: report => {
    const { findings } = report
    const rows = findings.map(rowOf)
    const lines = rows.length === 0 ? [] : [...aligned([columns, ...rows]), '']
    return [...lines, summaryOf(report), ...report.gaps.map(gap => `Not covered: ${printable(gap)}`)].join('\n')
  },
}

function rowOf(finding: Finding): readonly string[] {
  const { package: one, severity, advisory, cves, fixedVersion } = finding
  const others = cves.filter(cve => cve !== advisory)
  return [
    one.namespace === undefined ? one.name : `${one.namespace}/${one.name}`,
    one.version,
    fixedVersion ?? '-',
    severity,
    [advisory, ...others].join(' '),
    noteOf(finding),
  ].map(printable)
}

function noteOf({ notAffected, exploited, epss }: Finding): string {
  if (notAffected !== undefined) return `not affected: ${notAffected}`
  const likely = epss !== undefined && epss >= 0.01 ? [`EPSS ${Math.round(epss * 100)} %`] : []
  return [...(exploited === true ? ['exploited'] : []), ...likely].join(', ')
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((_, index) => Math.max(...rows.map(row => row[index]?.length ?? 0)))
  return rows.map(row =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function summaryOf({ subject, packages, findings, distribution }: ScanReport): string {
  const applying = findings.filter(({ notAffected }) => notAffected === undefined)
  const counts = severities
    .toReversed()
    .map(severity => [severity, applying.filter(one => one.severity === severity).length] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}`)
  const system = distribution === undefined ? '' : ` of ${printable(distribution.id)} ${printable(distribution.version)}`
  const scanned = packages === undefined ? '' : ` in ${packages.length} packages${system}`
  const notAffected = findings.length - applying.length
  const rest = notAffected === 0 ? '' : `; ${notAffected} not affected`
  return `${printable(subject)}: ${applying.length} finding${applying.length === 1 ? '' : 's'}${scanned}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}${rest}`
}
