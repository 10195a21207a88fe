// Formats the results of proofs.
import { styleText } from 'node:util'
import type { EndedException } from '../../assess/compensation.ts'
import { type Verdict, verdictOf } from '../../assess/evidence/verdict.ts'
import { referencesOf } from '../../assess/references.ts'
import type { ProofResult } from '../../assess/run-proofs.ts'
import { printable, printableJson } from '../terminal/printable.ts'
import { bulkheadVersion } from '../terminal/version.ts'

/** More findings of a proof are only counted: a control that is off may fail hundreds of attempts. JSON has them all. */
const maxFound = 20

const colors = { PASS: 'green', FAIL: 'red', SKIP: 'yellow' } as const

/** One line, and for a failure further lines for what was attacked, expected and found. */
export function resultLine(result: ProofResult, color: boolean): string {
  const { id, title, outcome, milliseconds, attack, expected, why, whenRed } = result
  const verdict = verdictOf(result)
  const paint = (text: string) => (color ? styleText(colors[verdict], text, { validateStream: false }) : text)
  const start = `${paint(verdict)} ${id} ${title}`
  const time = `(${milliseconds} ms)`
  if ('skipped' in outcome) return `${start}: ${printable(outcome.reason)}`
  if (outcome.held) return `${start}: ${printable(outcome.evidence)} ${time}`
  return [
    `${start} ${time}`,
    `     attack: ${attack}`,
    `     expected: ${expected}`,
    ...outcome.found.slice(0, maxFound).map(text => paint(`     found: ${printable(text)}`)),
    ...(outcome.found.length > maxFound ? [paint(`     found: and ${outcome.found.length - maxFound} more`)] : []),
    `     why it matters: ${why}`,
    `     what to do: ${whenRed}`,
  ].join('\n')
}

export function summaryLine(results: readonly ProofResult[]): string {
  const count = (verdict: Verdict) => results.filter(result => verdictOf(result) === verdict).length
  const skipped = results.filter(result => verdictOf(result) === 'SKIP').map(({ id }) => id)
  const rest = skipped.length === 0 ? '' : `, so nothing is proved about ${skipped.join(', ')}`
  return `${count('PASS')} held, ${count('FAIL')} failed, ${skipped.length} skipped${rest}`
}

/** The line about an exception that a failed proof ended. */
export function endedLine({ name, owner, proofs }: EndedException): string {
  return printable(
    `ENDED PodSecurityException ${name} of ${owner}: ${proofs.join(', ')} ${proofs.length === 1 ? 'was its compensating proof and does' : 'were its compensating proofs and do'} not hold`,
  )
}

export function resultsJson(server: string, results: readonly ProofResult[], ended: readonly EndedException[] = []): string {
  const list = results.map(result => ({
    id: result.id,
    title: result.title,
    verdict: verdictOf(result),
    attack: result.attack,
    expected: result.expected,
    references: referencesOf(result.id),
    ...('skipped' in result.outcome
      ? { reason: result.outcome.reason }
      : result.outcome.held
        ? { evidence: result.outcome.evidence }
        : { found: result.outcome.found, why: result.why, whenRed: result.whenRed }),
    started: result.started,
    milliseconds: result.milliseconds,
  }))
  return printableJson({ bulkhead: bulkheadVersion, server, proofs: list, endedExceptions: ended })
}
