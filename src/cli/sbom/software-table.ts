// Packages as a table for people.

import { platformText } from '../../supply-chain/oci/platform.ts'
import type { Software } from '../../supply-chain/packages/software.ts'
import type { SoftwarePackage } from '../../supply-chain/packages/software-package.ts'
import { printable } from '../terminal/printable.ts'

const maxWidth = 60

export function softwareTable({ subject, distribution, packages }: Software): string {
  const rows = packages.map(each => [nameOf(each), each.version, each.type, locationOf(each)])
  const header = ['NAME', 'VERSION', 'TYPE', 'FOUND IN']
  const all = [header, ...rows].map(row => row.map(printable))
  const widths = header.map((_, column) => Math.min(maxWidth, Math.max(...all.map(row => row[column]?.length ?? 0))))
  const lines = all.map(row =>
    row
      .map((cell, column) => (column === 3 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  const facts = [
    subject.digest,
    subject.platform === undefined ? undefined : platformText(subject.platform),
    distribution === undefined ? undefined : `${distribution.id} ${distribution.version}`.trim(),
    `${packages.length} ${packages.length === 1 ? 'package' : 'packages'}`,
  ].filter(each => each !== undefined)
  const title = `${printable(subject.name)}: ${facts.map(printable).join(', ')}`
  return packages.length === 0 ? title : [title, '', ...lines].join('\n')
}

function nameOf({ type, namespace, name }: SoftwarePackage): string {
  if (namespace === undefined) return name
  return type === 'npm' ? `@${namespace}/${name}` : type === 'maven' ? `${namespace}:${name}` : `${namespace}/${name}`
}

function locationOf({ locations }: SoftwarePackage): string {
  const [first = '', ...others] = locations
  return others.length === 0 ? first : `${first} and ${others.length} more`
}
