import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { severities } from '../../supply-chain/advisories/finding.ts'
import type { KnownFinding } from './image-report.ts'
import { mergeSummaries, mostSevere, summarizeFindings, summarizePackage } from './summarize-findings.ts'

const finding: fc.Arbitrary<KnownFinding> = fc.record({
  advisory: fc.constantFrom('GHSA-1', 'GHSA-2', 'CVE-2026-0001'),
  cves: fc.constant<readonly string[]>([]),
  severity: fc.constantFrom(...severities),
  score: fc.constantFrom(0, 5, 9.8),
  source: fc.constant('osv'),
  package: fc.constantFrom('a', 'b'),
  version: fc.constant('1'),
  firstSeen: fc.nat(1e12),
})
const explained = fc.tuple(finding, fc.boolean(), fc.boolean(), fc.boolean()).map(
  ([one, notAffected, fixed, exploited]): KnownFinding => ({
    ...one,
    ...(exploited ? { exploited } : {}),
    ...(notAffected ? { notAffected: 'component_not_present' } : {}),
    ...(fixed ? { fixedVersion: '2', fixSeen: one.firstSeen } : {}),
  }),
)

test('mostSevere() is the beginning of the sorted findings, with equal ones in their order', () => {
  fc.assert(
    fc.property(fc.array(explained, { maxLength: 60 }), fc.nat(30), (findings, most) => {
      const all = mostSevere(findings, findings.length)
      assert.deepEqual(mostSevere(findings, most), all.slice(0, most))
      assert.deepEqual(new Set(all), new Set(findings))
      const places = all.map(one => findings.indexOf(one))
      for (const [at, one] of all.entries()) {
        const next = all[at + 1]
        if (next !== undefined && JSON.stringify({ ...one, firstSeen: 0 }) === JSON.stringify({ ...next, firstSeen: 0 }))
          assert.ok((places[at] ?? 0) < (places[at + 1] ?? 0))
      }
    }),
  )
})

test('mergeSummaries() of packages is the summary of all of their findings', () => {
  fc.assert(
    fc.property(fc.array(fc.array(explained, { maxLength: 40 }), { maxLength: 6 }), fc.nat(5), (packages, unmatched) => {
      const merged = mergeSummaries(packages.map(summarizePackage), unmatched)
      assert.deepEqual(merged, summarizeFindings(packages.flat(), unmatched))
    }),
  )
})
