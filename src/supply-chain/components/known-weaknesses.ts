// Known vulnerabilities of container runtimes, by upstream versions. A distribution may have fixed one in an older version: its tracker says so.
import { type Component, upstreamVersion } from './component.ts'

/** When the table was last compared with the advisories that it names. */
export const tableDate = '2026-12-01'

interface Weakness {
  readonly id: string
  /** The advisory in which the fixed versions were read (GitHub's advisory database), or the release that names it. */
  readonly advisory: string
  /** Of a program, by its name. */
  readonly program: string
  /** The first fixed version of each line, ascending; lines before the first one are affected. */
  readonly fixed: readonly string[]
}

/**
 * What counts where no advisories of the distribution are imported. Each line was read in the advisory, or in the release notes and version bumps that name
 * it; nothing is here that was not.
 */
export const table: readonly Weakness[] = [
  { id: 'CVE-2024-21626', advisory: 'GHSA-xr7r-f8xq-vfvv', program: 'runc', fixed: ['1.1.12'] },
  { id: 'CVE-2024-45310', advisory: 'GHSA-jfvp-7x6p-h2pv', program: 'runc', fixed: ['1.1.14'] },
  { id: 'CVE-2025-31133', advisory: 'GHSA-9493-h29p-rfm2', program: 'runc', fixed: ['1.2.8', '1.3.3'] },
  { id: 'CVE-2025-52565', advisory: 'GHSA-qw9x-cqr3-wc7r', program: 'runc', fixed: ['1.2.8', '1.3.3'] },
  { id: 'CVE-2025-52881', advisory: 'GHSA-cgrx-mc8f-2prm', program: 'runc', fixed: ['1.2.8', '1.3.3'] },
  { id: 'CVE-2024-40635', advisory: 'GHSA-265r-hfxg-fhmg', program: 'containerd', fixed: ['1.6.38', '1.7.27', '2.0.4'] },
  { id: 'CVE-2024-25621', advisory: 'GHSA-pwhc-rpq9-4c8w', program: 'containerd', fixed: ['1.7.29', '2.0.7', '2.1.5'] },
  { id: 'CVE-2025-64329', advisory: 'GHSA-m6hq-p25p-ffr2', program: 'containerd', fixed: ['1.7.29', '2.0.7', '2.1.5'] },
]

/** Ids of the vulnerabilities that its upstream version has. */
export function knownWeaknesses({ name, package: from }: Component): string[] {
  const version = from && upstreamVersion(from.version)
  if (version === undefined) return []
  return table.filter(({ program, fixed }) => program === name && isAffected(version, fixed)).map(({ id }) => id)
}

/** A fix counts for its line `x.y`; a later line than all has the fix. */
function isAffected(version: string, fixed: readonly string[]): boolean {
  const line = (text: string): string => text.split('.').slice(0, 2).join('.')
  const first = fixed.find(each => line(each) === line(version)) ?? fixed.at(-1)
  return first !== undefined && isBefore(numbersOf(version), numbersOf(first))
}

const numbersOf = (version: string): number[] => version.split('.').map(Number)

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [x = 0, y = 0] = [a[at], b[at]]
    if (x !== y) return x < y
  }
  return false
}
