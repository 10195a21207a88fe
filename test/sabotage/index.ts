// All sabotages by row: each exported list is the file of that row.
import { a1 } from './a1.ts'
import { c8 } from './c8.ts'
import { c9 } from './c9.ts'
import { d4 } from './d4.ts'
import { d8 } from './d8.ts'
import { p1 } from './p1.ts'
import { p2 } from './p2.ts'
import { p3 } from './p3.ts'
import { s5 } from './s5.ts'
import type { Sabotage } from './sabotage.ts'

export const catalogue: Readonly<Record<string, readonly Sabotage[]>> = {
  A1: a1,
  C8: c8,
  C9: c9,
  D4: d4,
  D8: d8,
  P1: p1,
  P2: p2,
  P3: p3,
  S5: s5,
}
