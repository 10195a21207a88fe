// What an entry says of its own runs, `knownMissed` or `untried`, and what follows when it runs.
import type { EntryResult } from './catalogue-run.ts'

/** Whether the result fails the run. */
export const fails = ({ verdict, entry }: EntryResult): boolean =>
  (verdict === 'broken' || verdict === 'missed') && entry.knownMissed === undefined && !entry.untried

/** What the line of a result adds, undefined for nothing. */
export function remarkOn({ verdict, entry: { knownMissed, untried } }: EntryResult): string | undefined {
  if (verdict === 'skipped') return undefined
  if (untried) return verdict === 'seen' ? 'remove untried' : 'listed as untried'
  if (knownMissed === undefined) return undefined
  return verdict === 'seen' ? 'it is listed as missed: remove knownMissed' : `known: ${knownMissed}`
}

/** The last lines of a run with untried entries: what their authors are to do. */
export function triedLines(results: readonly EntryResult[]): string[] {
  const tried = results.filter(({ entry, verdict }) => entry.untried && verdict !== 'skipped')
  const lines = (wanted: boolean, instruction: string) => {
    const found = tried.filter(({ verdict }) => (verdict === 'seen') === wanted)
    return found.length === 0 ? [] : [instruction, ...found.map(({ entry }) => `        ${entry.row.padEnd(3)} ${entry.name}`)]
  }
  return [
    ...lines(true, 'untried, and seen now: remove untried of'),
    ...lines(false, 'untried, and not seen now: extend the proof, correct the entry, or say in knownMissed why no proof can see it'),
  ]
}
