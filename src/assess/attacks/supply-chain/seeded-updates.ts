// Seeded images with older and newer tags: which one must be proposed.

import type { Severity } from '../../../supply-chain/advisories/finding.ts'
import { candidateTags, proposeUpdate, type ScannedTag } from '../../../supply-chain/advisories/propose-updates.ts'
import type { AttemptLog } from '../../attempt-log.ts'

const tag = (name: string, byte: string, ...severities: Severity[]): ScannedTag => ({
  tag: name,
  digest: `sha256:${byte.repeat(32)}`,
  findings: severities.map((severity, at) => ({ advisory: `SEED-${severity}-${at}`, cves: [], severity })),
})

interface Seed {
  readonly name: string
  readonly current: ScannedTag
  readonly candidates: readonly ScannedTag[]
  /** The tag and the beginning of the digest that must be proposed; undefined for none. */
  readonly want: string | undefined
}

const seeds: readonly Seed[] = [
  { name: 'a newer tag with fewer findings', current: tag('1.0', 'a0', 'high'), candidates: [tag('1.1', 'a1')], want: '1.1 a1' },
  { name: 'the same tag that moved', current: tag('1.0', 'b0', 'high'), candidates: [tag('1.0', 'b1')], want: '1.0 b1' },
  { name: 'a tag without a number that moved', current: tag('latest', 'b2', 'low'), candidates: [tag('latest', 'b3')], want: 'latest b3' },
  { name: 'an older tag with fewer findings', current: tag('1.1', 'c0', 'high'), candidates: [tag('1.0', 'c1')], want: undefined },
  { name: 'another variant', current: tag('1.0-alpine', 'd0', 'high'), candidates: [tag('1.1-slim', 'd1')], want: undefined },
  {
    name: 'the same variant of another base',
    current: tag('1.0-alpine3.19', 'd2', 'high'),
    candidates: [tag('1.1-alpine3.20', 'd3')],
    want: '1.1-alpine3.20 d3',
  },
  { name: 'a newer tag with as many findings', current: tag('1.0', 'e0', 'high'), candidates: [tag('1.1', 'e1', 'high')], want: undefined },
  {
    name: 'many low findings for a critical one',
    current: tag('1.0', 'f0', 'critical'),
    candidates: [tag('1.1', 'f1', 'low', 'low', 'low')],
    want: '1.1 f1',
  },
  {
    name: 'a critical finding for many low ones',
    current: tag('1.0', 'f2', 'low', 'low'),
    candidates: [tag('1.1', 'f3', 'critical')],
    want: undefined,
  },
  {
    name: 'the closest of equal ones',
    current: tag('1.0', '10', 'high'),
    candidates: [tag('2.0', '11'), tag('1.1', '12'), tag('1.9', '13')],
    want: '1.1 12',
  },
  {
    name: 'the closer of two numbers',
    current: tag('1.8', '16', 'high'),
    candidates: [tag('1.10', '17'), tag('1.9', '18')],
    want: '1.9 18',
  },
  { name: 'the number above nine', current: tag('1.9', '14', 'high'), candidates: [tag('1.10', '15')], want: '1.10 15' },
]

export function trySeededUpdates(attempts: AttemptLog): void {
  for (const { name, current, candidates, want } of seeds) {
    const { to } = proposeUpdate(current, candidates) ?? {}
    const found = to === undefined ? undefined : `${to.tag} ${to.digest.slice(7, 9)}`
    attempts.record({ name, sent: current.tag, expected: want ?? 'nothing', answered: found ?? 'nothing', held: found === want })
  }
  const tags = ['latest', '1.25', '1.27', '1.27-alpine', '1.26', '2.0', '1.30', '0.9']
  const chosen = candidateTags('1.26', tags)
  attempts.record({
    name: 'which tags of many are read',
    sent: tags.join(' '),
    expected: '1.26 1.30 2.0',
    answered: chosen.join(' '),
    held: chosen.join(' ') === '1.26 1.30 2.0',
  })
}
