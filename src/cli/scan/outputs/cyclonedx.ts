// CycloneDX 1.6 with components and vulnerabilities (cyclonedx.org/docs/1.6/json).
import type { Finding, Severity } from '../../../supply-chain/advisories/finding.ts'
import { formatPackageUrl } from '../../../supply-chain/packages/package-url.ts'
import type { SoftwarePackage } from '../../../supply-chain/packages/software-package.ts'
import { printableJson } from '../../terminal/printable.ts'
import { bulkheadVersion } from '../../terminal/version.ts'
import type { ScanOutput } from './scan-report.ts'

const ratings: Readonly<Record<Severity, string>> = { critical: 'critical', high: 'high', medium: 'medium', low: 'low', unknown: 'unknown' }
/** `impactAnalysisJustification` of the specification, by the labels of OpenVEX and CSAF. */
const justifications: Readonly<Record<string, string>> = {
  component_not_present: 'code_not_present',
  vulnerable_code_not_present: 'code_not_present',
  vulnerable_code_not_in_execute_path: 'code_not_reachable',
  vulnerable_code_cannot_be_controlled_by_adversary: 'protected_by_mitigating_control',
  inline_mitigations_already_exist: 'protected_by_mitigating_control',
}
const ownJustifications = [
  'code_not_present',
  'code_not_reachable',
  'requires_configuration',
  'requires_dependency',
  'requires_environment',
  'protected_by_compiler',
  'protected_at_runtime',
  'protected_at_perimeter',
  'protected_by_mitigating_control',
]

export const cyclonedx: ScanOutput = {
  name: 'cyclonedx',
  format: ({ subject, digest, distribution, packages, findings, scannedAt }) => {
    const components = new Map((packages ?? findings.map(finding => finding.package)).map(one => [formatPackageUrl(one), one]))
    const vulnerabilities = Map.groupBy(findings, ({ advisory, source, notAffected }) => [source, advisory, notAffected ?? ''].join('\n'))
    return printableJson({
      $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: {
        timestamp: new Date(scannedAt).toISOString(),
        tools: { components: [{ type: 'application', name: 'bulkhead', version: bulkheadVersion }] },
        component: { type: digest === undefined ? 'file' : 'container', name: subject, ...(digest !== undefined && { version: digest }) },
      },
      components: [
        ...(distribution === undefined ? [] : [{ type: 'operating-system', name: distribution.id, version: distribution.version }]),
        ...[...components].map(([purl, one]) => componentOf(purl, one)),
      ],
      vulnerabilities: [...vulnerabilities.values()].map(vulnerabilityOf),
    })
  },
}

const componentOf = (purl: string, { name, namespace, version }: SoftwarePackage) => ({
  type: 'library',
  'bom-ref': purl,
  ...(namespace !== undefined && { group: namespace }),
  name,
  version,
  purl,
})

function vulnerabilityOf(findings: readonly Finding[]) {
  const [first] = findings
  if (first === undefined) return {}
  const { advisory, source, score, severity, summary, notAffected, cves } = first
  return {
    id: advisory,
    source: { name: source },
    references: cves.filter(cve => cve !== advisory).map(cve => ({ id: cve, source: { name: 'CVE' } })),
    ratings: [{ ...(score !== undefined && { score }), severity: ratings[severity] }],
    ...(summary !== undefined && { description: summary }),
    ...(notAffected !== undefined && { analysis: analysisOf(notAffected) }),
    affects: findings.map(({ package: one, fixedVersion }) => ({
      ref: formatPackageUrl(one),
      versions: [
        { version: one.version, status: notAffected === undefined ? 'affected' : 'unaffected' },
        ...(fixedVersion === undefined ? [] : [{ version: fixedVersion, status: 'unaffected' }]),
      ],
    })),
  }
}

function analysisOf(notAffected: string) {
  if (notAffected === 'fixed') return { state: 'resolved' }
  const justification = Object.hasOwn(justifications, notAffected)
    ? justifications[notAffected]
    : ownJustifications.find(one => one === notAffected)
  return { state: 'not_affected', ...(justification === undefined ? { detail: notAffected } : { justification }) }
}
