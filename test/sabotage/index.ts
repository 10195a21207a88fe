// All sabotages by row: each exported list is the file of that row.
import { a1 } from './a1.ts'
import { c8 } from './c8.ts'
import { p3 } from './p3.ts'
import type { Sabotage } from './sabotage.ts'

export const catalogue: Readonly<Record<string, readonly Sabotage[]>> = {
  A1: a1,
  C8: c8,
  P3: p3,
}
