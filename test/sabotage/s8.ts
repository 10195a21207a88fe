// Sabotage of due dates, of exceptions, and of images of which nothing is known.
import type { Sabotage } from './sabotage.ts'

const rules = 'src/supply-chain/policy/evaluate-findings.ts'
const dates = 'src/supply-chain/advisories/due-dates.ts'
const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S8' })

export const s8: readonly Sabotage[] = [
  sabotage(
    'the day of the date counts as before it',
    dates,
    "if (now >= due) return { state: 'overdue', due }",
    "if (now > due) return { state: 'overdue', due }",
  ),
  sabotage(
    'exposure does not shorten the time',
    dates,
    'const bySeverity = table.days[seen.exposure][finding.severity]',
    'const bySeverity = table.days.internal[finding.severity]',
  ),
  sabotage(
    'exploited vulnerabilities have no date of their own',
    dates,
    'const isExploited = finding.exploited === true ||',
    'const isExploited =',
  ),
  sabotage(
    'the days begin when a finding was seen, before it could be fixed',
    dates,
    'Math.max(seen.firstSeen, seen.fixSeen ?? seen.firstSeen)',
    'Math.min(seen.firstSeen, seen.fixSeen ?? seen.firstSeen)',
  ),
  sabotage(
    'exceptions never end',
    rules,
    'exceptions.filter(({ expires }) => now < expires)',
    'exceptions.filter(({ expires }) => expires > 0)',
  ),
  sabotage(
    'an exception lifts everything with one of its CVEs',
    rules,
    'cves.every(cve => advisories.includes(cve))',
    'cves.some(cve => advisories.includes(cve))',
  ),
  sabotage(
    'what is not known is accepted',
    rules,
    'refusals: said.filter(({ warns }) => !warns)',
    'refusals: said.filter(({ warns }) => warns)',
  ),
  sabotage('an exception needs no owner', 'src/api/resources/supply/exception-spec.ts', "    ...requiredText('spec.owner', owner),\n", ''),
  sabotage(
    'who administers a namespace makes exceptions',
    'src/access/bootstrap-policy/own-roles.ts',
    "[rule(write, supply, 'imagepolicies')], aggregatesTo('admin')",
    "[rule(write, supply, 'exceptions imagepolicies')], aggregatesTo('admin')",
  ),
]
