import type { Component } from '../../../supply-chain/components/component.ts'
import { knownWeaknesses, tableDate } from '../../../supply-chain/components/known-weaknesses.ts'
import { defineCheck, notApplicable, ok, warning } from '../check.ts'
import type { Machine } from '../machine.ts'

interface Weak {
  readonly program: string
  readonly version: string
  readonly ids: readonly string[]
}

interface Facts {
  readonly found: number
  readonly weak: readonly Weak[]
}

/** Names of programs are those of their Debian packages. */
const programs = ['containerd', 'runc', 'crun']

export const knownWeaknessesCheck = defineCheck<Facts>({
  id: 'known-weaknesses',
  group: 'Programs',
  title: 'known vulnerabilities of runtimes',
  reads: "versions of Debian's packages containerd, runc, crun, and what other nodes report",
  async read(machine) {
    const own = (await Promise.all(programs.map(name => installed(machine, name)))).flatMap(component => component ?? [])
    const here = own.map(component => ({
      program: component.name,
      version: component.package?.version ?? '',
      ids: knownWeaknesses(component),
    }))
    const others = (machine.cluster?.weaknesses ?? []).map(({ node, program, version, ids }) => ({
      program: `${program} on node "${node}"`,
      version,
      ids,
    }))
    const isNew = ({ program, version }: Weak) => !here.some(mine => program.startsWith(`${mine.program} `) && mine.version === version)
    return { found: own.length, weak: [...here, ...others.filter(isNew)].filter(({ ids }) => ids.length > 0) }
  },
  evaluate({ found, weak }) {
    if (found === 0 && weak.length === 0) return notApplicable('no runtime is installed from a package')
    if (weak.length === 0) return ok(`none in the table of ${tableDate}`)
    return warning(
      `${weak.map(({ program, version, ids }) => `${program} ${version}: ${ids.join(', ')}`).join('; ')} by upstream's version, unless Debian fixed it there`,
      `apt-get update && apt-get install --only-upgrade ${[...new Set(weak.map(({ program }) => program.split(' ')[0]))].join(' ')}`,
      ...weak
        .flatMap(({ ids }) => ids)
        .slice(0, 1)
        .map(id => `see https://security-tracker.debian.org/tracker/${id}`),
    )
  },
})

async function installed(machine: Machine, name: string): Promise<Component | undefined> {
  // Prints the name, a tab and the version.
  const version = (await machine.output('dpkg-query', ['-W', name]))?.trim().split('	')[1]
  return version === undefined ? undefined : { name, path: '', sha256: '', package: { name, version } }
}
