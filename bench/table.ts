// The figures as a Markdown table, beside them the ones to reach, a bare server's and the reference's.
import { bareId } from './bare-server.ts'
import { type Figure, figures } from './figures.ts'
import type { Values } from './load/workloads.ts'

export interface Column {
  readonly title: string
  readonly runs: readonly Values[]
}

/** Medians of each column's runs. With two columns, the last one is the ratio by which the first is better. */
export function table(columns: readonly Column[]): string {
  const compared = columns.length === 2
  const head = ['', ...columns.map(({ title }) => title), ...(compared ? ['ratio'] : []), 'to reach', '', 'bare Node', 'Kubernetes v1.33.3']
  const rows = figures.flatMap(figure => {
    const values = columns.map(({ runs }) => median(runs.flatMap(run => run[figure.id] ?? [])))
    if (values.every(value => value === undefined)) return []
    const [first] = values
    const bare = median(columns.flatMap(({ runs }) => runs.flatMap(run => run[bareId(figure.id)] ?? [])))
    return [
      [
        figure.title.replace(/^ +/, '… '),
        ...values.map(value => format(figure, value)),
        ...(compared ? [ratio(figure, values)] : []),
        format(figure, figure.target),
        verdict(figure, first),
        format(figure, bare),
        format(figure, figure.reference),
      ],
    ]
  })
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle]
  if (high === undefined || sorted.length % 2 === 1) return high
  return (high + (sorted[middle - 1] ?? high)) / 2
}

function format({ unit }: Figure, value: number | undefined): string {
  if (value === undefined) return ''
  if (unit === '/s') return `${Math.round(value).toLocaleString('en')}/s`
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ${unit}`
}

function verdict({ better, target }: Figure, value: number | undefined): string {
  if (target === undefined || value === undefined) return ''
  return (better === 'higher' ? value >= target : value <= target) ? 'met' : 'missed'
}

function ratio({ better }: Figure, [ours, other]: readonly (number | undefined)[]): string {
  if (ours === undefined || other === undefined) return ''
  return (better === 'higher' ? ours / other : other / ours).toFixed(2)
}
