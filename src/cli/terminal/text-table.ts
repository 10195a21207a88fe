// A table for people: columns as wide as their longest cell, without control characters.
import { printable } from './printable.ts'

/** One text per line. */
export function textTable(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [titles, ...rows].map(row => row.map(cell => printable(cell)))
  const widths = titles.map((_, column) => all.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0))
  return all.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
