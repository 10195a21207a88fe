// For programs: everything that is known about each finding.
import { formatPackageUrl } from '../../../supply-chain/packages/package-url.ts'
import { printableJson } from '../../terminal/printable.ts'
import type { ScanOutput } from './scan-report.ts'

export const json: ScanOutput = {
  name: 'json',
  format: ({ packages, findings, scannedAt, sources, ...rest }) =>
    printableJson({
      kind: 'ScanReport',
      apiVersion: 'scan.bulkhead.dev/v1alpha1',
      ...rest,
      scannedAt: new Date(scannedAt).toISOString(),
      sources: sources.map(({ name, time, digest }) => ({ name, time: new Date(time).toISOString(), digest })),
      ...(packages !== undefined && { packages: packages.length }),
      findings: findings.map(({ package: one, ...finding }) => ({ ...finding, package: { purl: formatPackageUrl(one), ...one } })),
    }),
}
