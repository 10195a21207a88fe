import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DatedFinding, evaluateFindings, type FindingsException, type FindingsRule } from './evaluate-findings.ts'

const day = 86_400_000
const began = Date.parse('2026-01-01T00:00:00Z')
const finding = (more: Partial<DatedFinding> = {}): DatedFinding => ({
  ...{ advisory: 'DSA-1', cves: ['CVE-2026-1'], severity: 'critical', package: 'libssl3', version: '1-1', fixedVersion: '1-2' },
  ...{ firstSeen: began, fixSeen: began, ...more },
})
const dated: FindingsRule = { title: 'policy "dated"', dueDates: {} }
const exception = (expires: number, ...advisories: string[]): FindingsException => ({ advisories, expires })

/** `refused`, `warned` or `accepted`. */
function decide(
  rule: FindingsRule,
  on: number,
  { exposed = false, exceptions = [], of = finding() }: { exposed?: boolean; exceptions?: FindingsException[]; of?: DatedFinding } = {},
): string {
  const { refusals, warnings } = evaluateFindings([rule], [of], exceptions, exposed ? 'exposed' : 'internal', began + on * day)
  return refusals.length > 0 ? 'refused' : warnings.length > 0 ? 'warned' : 'accepted'
}

const rows: readonly [name: string, found: string, want: string][] = [
  ['accepts before the warning', decide(dated, 22.9), 'accepted'],
  ['warns a week before the date', decide(dated, 23), 'warned'],
  ['refuses from the date on', decide(dated, 30), 'refused'],
  ['does not refuse a moment before', decide(dated, 30 - 1 / day), 'warned'],
  ['refuses exposed pods earlier', decide(dated, 15, { exposed: true }), 'refused'],
  ['has no date without a fix', decide(dated, 1000, { of: { ...finding(), fixedVersion: undefined } as never }), 'accepted'],
  ['counts from when a fix was known', decide(dated, 40, { of: finding({ fixSeen: began + 20 * day }) }), 'accepted'],
  ['hurries with what is exploited', decide(dated, 14, { of: finding({ severity: 'low', exploited: true }) }), 'refused'],
  ['takes the days of the policy', decide({ ...dated, dueDates: { internal: { critical: 2 }, warning: 1 } }, 2), 'refused'],
  ['gives a severity that the policy leaves out no date', decide({ ...dated, dueDates: { internal: { high: 2 } } }, 900), 'accepted'],
  ['limits dates to what is above maxSeverity', decide({ ...dated, maxSeverity: 'critical' }, 900), 'accepted'],
  ['refuses at once without dates', decide({ title: 'p', maxSeverity: 'high' }, 0), 'refused'],
  ['accepts up to maxSeverity', decide({ title: 'p', maxSeverity: 'critical' }, 0), 'accepted'],
  ['warns only where the policy says so', decide({ title: 'p', maxSeverity: 'low', onFailure: 'Warn' }, 0), 'warned'],
  [
    'accepts what an exception names by its CVE',
    decide(dated, 31, { exceptions: [exception(began + 32 * day, 'CVE-2026-1')] }),
    'accepted',
  ],
  ['accepts what an exception names by its id', decide(dated, 31, { exceptions: [exception(began + 32 * day, 'DSA-1')] }), 'accepted'],
  ['refuses when the exception ends', decide(dated, 31, { exceptions: [exception(began + 31 * day, 'DSA-1')] }), 'refused'],
  ['refuses what an exception does not name', decide(dated, 31, { exceptions: [exception(began + 99 * day, 'CVE-2026-2')] }), 'refused'],
  [
    'refuses what has another CVE than the one that is named',
    decide(dated, 31, { exceptions: [exception(began + 99 * day, 'CVE-2026-1')], of: finding({ cves: ['CVE-2026-1', 'CVE-2026-2'] }) }),
    'refused',
  ],
]
for (const [name, found, want] of rows) test(`evaluateFindings() ${name}`, () => assert.equal(found, want))

test('evaluateFindings() names the advisory, the package, the date and what would pass', () => {
  const [text = ''] = evaluateFindings([dated], [finding()], [], 'exposed', began + 31 * day).refusals
  assert.equal(
    text,
    'policy "dated": DSA-1 (CVE-2026-1), critical, in libssl3 1-1 had to be gone by 2026-01-16, as it is reachable from outside; would pass: an image with libssl3 1-2 or later, or an Exception for DSA-1',
  )
})
