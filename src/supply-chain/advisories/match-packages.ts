// Finds the known vulnerabilities of packages. Pure: the lookup has what sources published.
import type { SoftwarePackage } from '../packages/software-package.ts'
import { versionOrders } from '../versions/index.ts'
import type { Advisory, AffectedPackage } from './advisory.ts'
import { evaluateAffected } from './affects.ts'
import { advisoryNames, ecosystemOf, packageTypeOf } from './ecosystems.ts'
import { type Finding, severities } from './finding.ts'
import { RecentCache } from './recent-cache.ts'

/** An advisory about the one package that was looked up. */
export interface StoredAdvisory extends Omit<Advisory, 'affected'>, Pick<AffectedPackage, 'ranges' | 'versions'> {
  /** The name of the source that has it. */
  readonly source: string
}

export interface AdvisoryLookup {
  advisoriesOf(ecosystem: string, name: string): readonly StoredAdvisory[]
  /** EPSS, 0 to 1. */
  exploitProbability(cve: string): number | undefined
  /** Whether CISA's catalogue has it. */
  isExploited(cve: string): boolean
}

export interface MatchResult {
  /** By package in the given order, then the most severe first. */
  readonly findings: readonly Finding[]
  /** Packages with an advisory that could not be evaluated: the version of one of them is none of its ecosystem. */
  readonly undecided: readonly { readonly package: SoftwarePackage; readonly advisory: string }[]
  /** Packages that no source can know: of a distribution without advisories, or without a release. */
  readonly unknown: readonly SoftwarePackage[]
}

/** What matching found for one name and version, whatever the package's files and architecture are. */
export interface Matched {
  readonly findings: readonly Omit<Finding, 'package'>[]
  readonly undecided: readonly string[]
}

/** As many packages and findings are remembered at most: images share most packages. */
export const maxRemembered = 200_000

/** A matcher for many images against the same lookup. */
export function createMatcher(lookup: AdvisoryLookup): (packages: readonly SoftwarePackage[]) => MatchResult {
  const remembered = new RecentCache<Matched>(maxRemembered)
  const matched = (one: SoftwarePackage, ecosystem: string): Matched => {
    const names = advisoryNames(one)
    const key = [ecosystem, ...names.flatMap(({ name, version }) => [name, version])].join('\n')
    const before = remembered.get(key)
    if (before !== undefined) return before
    const result = matchNames(ecosystem, names, lookup)
    remembered.set(key, result, 1 + result.findings.length + result.undecided.length)
    return result
  }
  return packages => {
    const findings: Finding[] = []
    const undecided: { package: SoftwarePackage; advisory: string }[] = []
    const unknown: SoftwarePackage[] = []
    for (const one of packages) {
      const ecosystem = ecosystemOf(one)
      if (ecosystem === undefined) unknown.push(one)
      else {
        const result = matched(one, ecosystem)
        for (const finding of result.findings) findings.push({ ...finding, package: one })
        for (const advisory of result.undecided) undecided.push({ package: one, advisory })
      }
    }
    return { findings, undecided, unknown }
  }
}

/** One image against a lookup. */
export const matchPackages = (packages: readonly SoftwarePackage[], lookup: AdvisoryLookup): MatchResult => createMatcher(lookup)(packages)

/** One package by the names and versions under which advisories may know it, the most severe finding first. */
export function matchNames(
  ecosystem: string,
  names: readonly { readonly name: string; readonly version: string }[],
  lookup: AdvisoryLookup,
): Matched {
  const type = packageTypeOf(ecosystem)
  if (type === undefined) return { findings: [], undecided: [] }
  const found: Omit<Finding, 'package'>[] = []
  const undecided: string[] = []
  for (const { name, version } of names)
    for (const advisory of lookup.advisoriesOf(ecosystem, name)) {
      const verdict = evaluateAffected(version, advisory, versionOrders[type])
      if (verdict.affected === 'unknown') undecided.push(advisory.id)
      else if (verdict.affected) found.push(findingOf(advisory, verdict.fixedVersion, lookup))
    }
  return { findings: withoutRepeats(found).toSorted(bySeverity), undecided: [...new Set(undecided)] }
}

function findingOf(
  { id, cves, severity, score, summary, source }: StoredAdvisory,
  fixedVersion: string | undefined,
  lookup: AdvisoryLookup,
): Omit<Finding, 'package'> {
  const probabilities = cves.flatMap(cve => lookup.exploitProbability(cve) ?? [])
  return {
    advisory: id,
    cves,
    severity,
    ...(score !== undefined && { score }),
    ...(fixedVersion !== undefined && { fixedVersion }),
    ...(summary !== undefined && { summary }),
    ...(probabilities.length > 0 && { epss: Math.max(...probabilities) }),
    ...(cves.some(cve => lookup.isExploited(cve)) && { exploited: true }),
    source,
  }
}

/** Sources repeat each other, as GitHub's advisories and those of PyPA do: one finding for the same CVEs, or the same id without one. */
function withoutRepeats(findings: readonly Omit<Finding, 'package'>[]): readonly Omit<Finding, 'package'>[] {
  const groups = Map.groupBy(findings, ({ advisory, cves }) => (cves.length === 0 ? advisory : cves.join(' ')))
  return [...groups.values()].flatMap(group => group.toSorted((a, b) => knowledge(b) - knowledge(a)).slice(0, 1))
}

/** How much a finding says, to choose one of those about the same vulnerability. */
const knowledge = ({ severity, score, fixedVersion }: Omit<Finding, 'package'>): number =>
  (fixedVersion === undefined ? 0 : 4) + (score === undefined ? 0 : 2) + (severity === 'unknown' ? 0 : 1)

type Rated = Pick<Finding, 'severity' | 'score' | 'advisory'>
const bySeverity = (a: Rated, b: Rated): number =>
  severities.indexOf(b.severity) - severities.indexOf(a.severity) || (b.score ?? 0) - (a.score ?? 0) || (a.advisory < b.advisory ? -1 : 1)
