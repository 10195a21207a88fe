// For code scanning: SARIF 2.1.0 (OASIS), with GitHub's `security-severity`.
import type { Finding, Severity } from '../../../supply-chain/advisories/finding.ts'
import { formatPackageUrl } from '../../../supply-chain/packages/package-url.ts'
import { printableJson } from '../../terminal/printable.ts'
import { bulkheadVersion } from '../../terminal/version.ts'
import type { ScanOutput } from './scan-report.ts'

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  unknown: 'note',
}
/** If there is no score: the lowest of each severity (CVSS 3.1, section 5). */
const scores: Readonly<Record<Severity, number>> = { critical: 9, high: 7, medium: 4, low: 0.1, unknown: 0 }

export const sarif: ScanOutput = {
  name: 'sarif',
  format: ({ findings, subject }) => {
    const rules = Map.groupBy(findings, ({ advisory }) => advisory)
    const driver = { name: 'bulkhead', version: bulkheadVersion, rules: [...rules].map(([id, of]) => ruleOf(id, of)) }
    const order = new Map([...rules.keys()].map((id, index) => [id, index]))
    const results = findings.map(finding => ({ ...resultOf(finding, subject), ruleIndex: order.get(finding.advisory) }))
    return printableJson({
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [{ tool: { driver }, results }],
    })
  },
}

function ruleOf(id: string, [first, ...others]: readonly Finding[]) {
  const score = Math.max(...[first, ...others].map(one => one?.score ?? scores[one?.severity ?? 'unknown']))
  const text = first?.summary ?? id
  return {
    id,
    name: id,
    shortDescription: { text },
    properties: { tags: ['vulnerability', ...(first?.cves ?? [])], 'security-severity': score.toFixed(1) },
  }
}

function resultOf({ advisory, package: one, severity, fixedVersion, notAffected }: Finding, subject: string) {
  const purl = formatPackageUrl(one)
  const fix = fixedVersion === undefined ? 'There is no fix yet' : `Fixed in ${fixedVersion}`
  const [uri = subject] = one.locations.map(path => path.replace(/^\/+/, ''))
  return {
    ruleId: advisory,
    level: levels[severity],
    message: { text: `${one.name} ${one.version} is affected by ${advisory}. ${fix}` },
    locations: [
      { physicalLocation: { artifactLocation: { uri: uri.split('/').map(encodeURIComponent).join('/') }, region: { startLine: 1 } } },
    ],
    partialFingerprints: { 'bulkheadScan/v1': `${advisory} ${purl}` },
    properties: { purl, severity, ...(fixedVersion !== undefined && { fixedVersion }) },
    ...(notAffected !== undefined && { suppressions: [{ kind: 'external', status: 'accepted', justification: notAffected }] }),
  }
}
