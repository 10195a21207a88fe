// All sabotages by row. A file needs no line here: `c3.ts`, and `c3-anything.ts` beside it, export `c3`, a list of row C3.
import { readdirSync } from 'node:fs'
import type { Sabotage } from './sabotage.ts'

const nameOfRow = /^([a-z]\d+)(?:-[a-z-]+)?\.ts$/

async function listOf(file: string, row: string): Promise<readonly Sabotage[]> {
  const module: Readonly<Record<string, readonly Sabotage[] | undefined>> = await import(`./${file}`)
  const list = module[row]
  if (list === undefined) throw new Error(`test/sabotage/${file} must export "${row}"`)
  return list
}

const rows: Record<string, readonly Sabotage[]> = {}
for (const file of readdirSync(import.meta.dirname).sort()) {
  const [, row] = nameOfRow.exec(file) ?? []
  if (row !== undefined) rows[row.toUpperCase()] = [...(rows[row.toUpperCase()] ?? []), ...(await listOf(file, row))]
}

export const catalogue: Readonly<Record<string, readonly Sabotage[]>> = rows
