// Chooses the entries of a run, and where each runs.
import { randomOf } from '../../src/base/data/random.ts'
import type { Place, Sabotage } from '../../test/sabotage/sabotage.ts'

export interface Entry extends Sabotage {
  readonly row: string
  readonly proofs: readonly string[]
  readonly place: Place
}

/** Where a proof runs unless an entry says otherwise; the rest runs in one process. */
const places: Readonly<Record<string, Place>> = {
  A1: 'node',
  C4: 'node',
  N1: 'node',
  N3: 'machines',
  O12: 'node',
  O13: 'node',
  'S5/A9': 'node',
  T2: 'disk',
  T3: 'node',
  T4: 'node',
}

export function entriesOf(catalogue: Readonly<Record<string, readonly Sabotage[]>>): Entry[] {
  return Object.entries(catalogue).flatMap(([row, list]) =>
    list.map(sabotage => {
      const proofs = [sabotage.proof].flat()
      return { ...sabotage, row, proofs, place: sabotage.on ?? places[proofs[0] ?? ''] ?? 'process' }
    }),
  )
}

export interface Choice {
  readonly rows: readonly string[]
  /** Part of the name or file. */
  readonly only?: string
  /** Those that are listed as untried alone. */
  readonly untried?: boolean
  /**
   * A random sample by this seed: one entry of thirty, and one of sixty of those that take half a minute each, as on a real node or with
   * registries. Without those that are listed as missed or untried: whether these are seen is found out by a run of their row.
   */
  readonly sample?: number
}

/** A real node is there for root alone, and takes half a minute. */
export const needsRoot = (place: Place): boolean => place === 'node' || place === 'machines'

/** Proofs that wait for what registries and feeds deliver. */
const slowProofs: ReadonlySet<string> = new Set(['S1', 'S6', 'S7', 'S9', 'S10'])

export function choose(entries: readonly Entry[], { rows, only, untried, sample }: Choice): Entry[] {
  const chosen = entries.filter(
    ({ row, name, file, untried: isUntried }) =>
      (rows.length === 0 || rows.includes(row)) &&
      (only === undefined || name.includes(only) || file.includes(only)) &&
      (!untried || isUntried),
  )
  if (sample === undefined) return chosen
  const random = randomOf(sample)
  const ranked = chosen
    .filter(entry => entry.knownMissed === undefined && !entry.untried)
    .map(entry => ({ entry, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
  const isSlow = ({ place, proofs }: Entry): boolean => needsRoot(place) || proofs.some(proof => slowProofs.has(proof))
  const [slow, fast] = [ranked.filter(({ entry }) => isSlow(entry)), ranked.filter(({ entry }) => !isSlow(entry))]
  const kept = new Set(
    [...fast.slice(0, Math.ceil(fast.length / 30)), ...slow.slice(0, Math.ceil(slow.length / 60))].map(({ entry }) => entry),
  )
  return chosen.filter(entry => kept.has(entry))
}
