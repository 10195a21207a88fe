// Known vulnerabilities of the programs of a node, by the advisories of the distribution that packed them: it fixes them in its own versions. Pure.
import { advisoryNames, ecosystemOf } from '../advisories/ecosystems.ts'
import type { Finding } from '../advisories/finding.ts'
import { type AdvisoryLookup, matchNames } from '../advisories/match-packages.ts'
import type { SoftwarePackage } from '../packages/software-package.ts'
import type { Component } from './component.ts'

export type ComponentFinding = Pick<Finding, 'advisory' | 'severity' | 'fixedVersion'>

/** Undefined if there is no package of a distribution, or no source that knows its releases: nothing is known then. The most severe first. */
export function componentFindings(component: Component, lookup: AdvisoryLookup): readonly ComponentFinding[] | undefined {
  const known = packageOf(component)
  const ecosystem = known && ecosystemOf(known)
  if (known === undefined || ecosystem === undefined) return undefined
  const names = advisoryNames(known)
  if (names.every(({ name }) => lookup.advisoriesOf(ecosystem, name).length === 0)) return undefined
  return matchNames(ecosystem, names, lookup).findings.map(({ advisory, severity, fixedVersion }) => ({
    ...{ advisory, severity },
    ...(fixedVersion === undefined ? {} : { fixedVersion }),
  }))
}

function packageOf({ path, package: from }: Component): SoftwarePackage | undefined {
  if (from?.distribution === undefined) return undefined
  const { name, version, source, distribution } = from
  return { type: 'deb', name, version, distribution, locations: [path], ...(source === undefined ? {} : { source }) }
}
