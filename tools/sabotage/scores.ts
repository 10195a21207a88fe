// The score of each row, and its table in docs/status.md.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EntryResult } from './catalogue-run.ts'
import { root } from './changes.ts'

export interface Score {
  readonly row: string
  readonly seen: number
  /** Without those that were skipped. */
  readonly tried: number
  readonly skipped: number
}

export function scoresOf(results: readonly EntryResult[]): Score[] {
  const rows = Map.groupBy(results, ({ entry }) => entry.row)
  return [...rows]
    .map(([row, list]) => {
      const count = (verdict: EntryResult['verdict']) => list.filter(result => result.verdict === verdict).length
      return { row, seen: count('seen'), tried: list.length - count('skipped'), skipped: count('skipped') }
    })
    .sort((a, b) => a.row.localeCompare(b.row))
}

export function scoreLines(scores: readonly Score[]): string[] {
  const sum = (value: (score: Score) => number) => scores.reduce((total, score) => total + value(score), 0)
  const total = { row: 'all', seen: sum(({ seen }) => seen), tried: sum(({ tried }) => tried), skipped: sum(({ skipped }) => skipped) }
  return [...scores, total].map(
    ({ row, seen, tried, skipped }) => `${row.padEnd(3)}  ${seen} of ${tried} seen${skipped > 0 ? `, ${skipped} skipped` : ''}`,
  )
}

const document = join(root, 'docs', 'status.md')
const header = ['| code | seen | tried | date | commit |', '|---|---|---|---|---|']

/** Replaces the lines of these rows; those of other rows stay. A row with skipped entries stays as it is. */
export function writeScores(scores: readonly Score[]): void {
  const commit = spawnSync('git', ['rev-parse', '--short=8', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim()
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(document, withScores(readFileSync(document, 'utf8'), scores, date, commit))
}

export function withScores(text: string, scores: readonly Score[], date: string, commit: string): string {
  const start = text.indexOf(`${header.join('\n')}\n`)
  if (start < 0) throw new Error('docs/status.md has no table of sabotage scores')
  const body = start + header.join('\n').length + 1
  const lines = text.slice(body).split('\n')
  const length = lines.findIndex(line => !line.startsWith('|'))
  const rows = new Map(lines.slice(0, length).map(line => [line.split('|')[1]?.trim() ?? '', line]))
  for (const { row, seen, tried, skipped } of scores)
    if (skipped === 0) rows.set(row, `| ${[row, seen, tried, date, commit].join(' | ')} |`)
  const sorted = [...rows].sort(([a], [b]) => a.localeCompare(b)).map(([, line]) => line)
  return [text.slice(0, body), ...sorted.map(line => `${line}\n`), lines.slice(length).join('\n')].join('')
}
