// All sabotages by row. A row needs no line here: `c3.ts` exports `c3`, the list of row C3.
import { readdirSync } from 'node:fs'
import type { Sabotage } from './sabotage.ts'

async function listOf(key: string): Promise<readonly Sabotage[]> {
  const module: Readonly<Record<string, readonly Sabotage[] | undefined>> = await import(`./${key}.ts`)
  const list = module[key]
  if (list === undefined) throw new Error(`test/sabotage/${key}.ts must export "${key}"`)
  return list
}

const keys = readdirSync(import.meta.dirname)
  .flatMap(name => /^([a-z]\d+)\.ts$/.exec(name)?.[1] ?? [])
  .sort()
const lists = await Promise.all(keys.map(async key => [key.toUpperCase(), await listOf(key)] as const))

export const catalogue: Readonly<Record<string, readonly Sabotage[]>> = Object.fromEntries(lists)
