// The report as text: one line for each check, advice only for what is not ok, and the counts in the last line.
import { printable } from '../terminal/printable.ts'
import { type Group, groups, type State, type Verdict } from './check.ts'

export interface Result extends Verdict {
  readonly id: string
  readonly group: Group
  readonly title: string
  /** What it looked at, for programs that read the JSON. */
  readonly reads: string
  /** What this user may not see of it. */
  readonly unseen?: string
}

export interface Report {
  readonly dataDirectory: string
  readonly running: boolean
  readonly results: readonly Result[]
  readonly unseen: readonly string[]
}

const marks: Readonly<Record<State, string>> = { ok: 'ok', warning: 'WARNING', failure: 'FAILURE', 'not applicable': '-' }
const markWidth = 9
/** Details name files and programs of the machine. */
const maxDetail = 300

export function countsOf(results: readonly Result[]): Readonly<Record<State, number>> {
  const count = (state: State) => results.filter(result => result.state === state).length
  return { ok: count('ok'), warning: count('warning'), failure: count('failure'), 'not applicable': count('not applicable') }
}

export function formatReport({ dataDirectory, running, results, unseen }: Report): string {
  const width = Math.max(...results.map(({ title }) => title.length))
  const sections = groups.flatMap(group => {
    const rows = results.filter(result => result.group === group)
    return rows.length === 0 ? [] : [[group, ...rows.flatMap(row => rowLines(row, width))].join('\n')]
  })
  const { ok, warning, failure, 'not applicable': rest } = countsOf(results)
  return [
    `${printable(dataDirectory)}: ${running ? 'a cluster runs here' : 'no cluster runs here'}`,
    ...sections,
    ...(unseen.length === 0 ? [] : [`Not seen, run as root to see it:\n${unseen.map(what => `  ${printable(what)}`).join('\n')}`]),
    `${ok} ok, ${warning} warnings, ${failure} failures, ${rest} not applicable`,
  ].join('\n\n')
}

function rowLines({ state, title, detail, advice }: Result, width: number): string[] {
  const line = `  ${marks[state].padEnd(markWidth)}${title.padEnd(width)}  ${printable(detail.slice(0, maxDetail))}`.trimEnd()
  return [line, ...advice.map(text => `  ${' '.repeat(markWidth)}→ ${printable(text)}`)]
}
