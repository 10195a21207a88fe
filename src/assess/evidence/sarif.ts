// A report as SARIF 2.1.0 (OASIS), for tools that show results of scanners.
import { summaryOf } from './oscal.ts'
import type { Report } from './parse-report.ts'

const kinds = { PASS: 'pass', FAIL: 'fail', SKIP: 'open' } as const

export function sarifLog({ details }: Report) {
  const { proofs, bulkhead, cluster, started, finished, build, configuration } = details
  const rules = proofs.map(({ id, title, attack, expected, references }) => ({
    id,
    name: id,
    shortDescription: { text: title },
    fullDescription: { text: `${attack}. Expected: ${expected}.` },
    properties: { tags: references },
  }))
  const results = proofs.map((proof, ruleIndex) => ({
    ruleId: proof.id,
    ruleIndex,
    kind: kinds[proof.verdict],
    level: proof.verdict === 'FAIL' ? 'error' : 'none',
    message: { text: summaryOf(proof) === '' ? proof.verdict : summaryOf(proof) },
    locations: [{ logicalLocations: [{ fullyQualifiedName: `cluster/${cluster.uid}`, kind: 'resource' }] }],
  }))
  const run = {
    tool: { driver: { name: 'bulkhead prove', version: bulkhead, rules } },
    invocations: [{ executionSuccessful: true, startTimeUtc: started, endTimeUtc: finished }],
    columnKind: 'utf16CodeUnits',
    results,
    properties: { build, configuration, cluster },
  }
  return { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }
}
