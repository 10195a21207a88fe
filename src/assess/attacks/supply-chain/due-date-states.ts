// Due dates by a simulated clock: what holds a moment before each date, and from it on.
import type { Exposure } from '../../../supply-chain/advisories/due-dates.ts'
import {
  type DatedFinding,
  decideUnknown,
  evaluateFindings,
  type FindingsException,
  type FindingsRule,
} from '../../../supply-chain/policy/evaluate-findings.ts'
import type { AttemptLog } from '../../attempt-log.ts'

const dayMs = 86_400_000
const began = Date.parse('2026-01-01T00:00:00Z')
const rule: FindingsRule = { title: 'policy', dueDates: {} }

const finding = (more: Partial<DatedFinding> = {}): DatedFinding => ({
  ...{ advisory: 'SEED-1', cves: ['SEED-CVE-1'], severity: 'critical', package: 'a', version: '1', fixedVersion: '2' },
  ...{ firstSeen: began, fixSeen: began, ...more },
})

interface Seed {
  readonly name: string
  readonly of?: DatedFinding
  readonly rule?: FindingsRule
  readonly exposure?: Exposure
  readonly exceptions?: readonly FindingsException[]
  /** Days from the beginning at which a warning, and a refusal, begin; undefined: never. */
  readonly warned?: number
  readonly refused?: number
}

const without: DatedFinding = (({ fixedVersion: _, fixSeen: __, ...rest }) => rest)(finding())

const seeds: readonly Seed[] = [
  { name: 'a critical finding', warned: 23, refused: 30 },
  { name: 'an exposed critical finding', exposure: 'exposed', warned: 8, refused: 15 },
  { name: 'a high finding', of: finding({ severity: 'high' }), warned: 53, refused: 60 },
  { name: 'an exposed medium finding', of: finding({ severity: 'medium' }), exposure: 'exposed', warned: 83, refused: 90 },
  { name: 'a low finding', of: finding({ severity: 'low' }) },
  { name: 'a low finding that is exploited', of: finding({ severity: 'low', exploited: true }), warned: 7, refused: 14 },
  { name: 'a finding that probably will be exploited', of: finding({ severity: 'low', epss: 0.5 }), warned: 7, refused: 14 },
  { name: 'a finding without a fix', of: without },
  { name: 'a finding whose fix came later', of: finding({ fixSeen: began + 10 * dayMs }), warned: 33, refused: 40 },
  { name: 'the days of the policy', rule: { ...rule, dueDates: { internal: { critical: 3 }, warning: 1 } }, warned: 2, refused: 3 },
  { name: 'a policy that warns', rule: { ...rule, onFailure: 'Warn' }, warned: 23 },
  { name: 'what is up to the severity of the policy', rule: { ...rule, maxSeverity: 'critical' } },
  {
    name: 'an exception that names it',
    exceptions: [{ advisories: ['SEED-CVE-1'], expires: began + 40 * dayMs }],
    refused: 40,
    warned: 40,
  },
  {
    name: 'an exception that names another',
    exceptions: [{ advisories: ['SEED-CVE-2'], expires: began + 99 * dayMs }],
    warned: 23,
    refused: 30,
  },
  {
    name: 'an exception that names one of two CVEs',
    of: finding({ cves: ['SEED-CVE-1', 'SEED-CVE-2'] }),
    exceptions: [{ advisories: ['SEED-CVE-1'], expires: began + 99 * dayMs }],
    ...{ warned: 23, refused: 30 },
  },
]

export function tryDueDates(attempts: AttemptLog): void {
  for (const { name, of = finding(), rule: own = rule, exposure = 'internal', exceptions = [], warned, refused } of seeds) {
    const at = (time: number): string => {
      const { refusals, warnings } = evaluateFindings([own], [of], exceptions, exposure, time)
      return refusals.length > 0 ? 'refused' : warnings.length > 0 ? 'warned' : 'accepted'
    }
    const moments = [
      began,
      ...[warned, refused].flatMap(day => (day === undefined ? [] : [began + day * dayMs - 1, began + day * dayMs])),
      began + 900 * dayMs,
    ]
    const expected = moments.map(time =>
      refused !== undefined && time >= began + refused * dayMs
        ? 'refused'
        : warned !== undefined && time >= began + warned * dayMs
          ? 'warned'
          : 'accepted',
    )
    const answered = moments.map(at)
    attempts.record({
      name,
      sent: 'a clock',
      expected: expected.join(' '),
      answered: answered.join(' '),
      held: answered.join() === expected.join(),
    })
  }
  const unknown = (title: string, own: FindingsRule, want: string) => {
    const { refusals, warnings } = decideUnknown([own], 'it has not been scanned')
    const answered = refusals.length > 0 ? 'refused' : warnings.length > 0 ? 'warned' : 'accepted'
    attempts.record({ name: title, sent: 'a policy', expected: want, answered, held: answered === want })
  }
  unknown('what is not known, with due dates', rule, 'refused')
  unknown('what is not known, with a severity', { title: 'policy', maxSeverity: 'critical' }, 'refused')
  unknown('what is not known, with a policy that warns', { ...rule, onFailure: 'Warn' }, 'warned')
  const severity = { title: 'policy', maxSeverity: 'medium' } as const
  for (const [level, want] of [
    ['medium', 'accepted'],
    ['high', 'refused'],
    ['critical', 'refused'],
  ] as const) {
    const { refusals } = evaluateFindings([severity], [finding({ severity: level })], [], 'internal', began)
    const answered = refusals.length > 0 ? 'refused' : 'accepted'
    attempts.record({ name: `a ${level} finding above a severity`, sent: 'medium', expected: want, answered, held: answered === want })
  }
}
