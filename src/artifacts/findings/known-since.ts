// When the cluster first knew of each finding. The days of a due date begin there, so it belongs to the version of a package and not to an image: an image
// that is built again with the same package gets no new days.
import type { Finding } from '../../supply-chain/advisories/finding.ts'
import { formatPackageUrl } from '../../supply-chain/packages/package-url.ts'
import type { SoftwarePackage } from '../../supply-chain/packages/software-package.ts'
import type { FindingsFiles } from './findings-files.ts'
import type { KnownFinding } from './image-report.ts'

type Found = Omit<Finding, 'package'>

/** Sources repeat each other and name the same vulnerability differently: its CVEs say which it is. */
const keyOf = ({ advisory, cves }: Pick<Finding, 'advisory' | 'cves'>): string => (cves.length === 0 ? advisory : cves.join(' '))

export class KnownSince {
  readonly #files: Pick<FindingsFiles, 'seen' | 'writeSeen'>

  constructor(files: Pick<FindingsFiles, 'seen' | 'writeSeen'>) {
    this.#files = files
  }

  /** The findings of a package with their times; what is new is stored. A finding that goes and comes back keeps its first time. */
  date(of: SoftwarePackage, findings: readonly Found[], now: number): readonly KnownFinding[] {
    const key = formatPackageUrl(of)
    const before = this.#files.seen(key)
    const seen = new Map(before)
    const dated = findings.map((finding): KnownFinding => {
      const at = keyOf(finding)
      const [first, fix] = before.get(at) ?? [now]
      const fixSeen = fix ?? (finding.fixedVersion === undefined ? undefined : now)
      if (!before.has(at) || fix !== fixSeen) seen.set(at, fixSeen === undefined ? [first] : [first, fixSeen])
      const { summary: _, ...rest } = finding
      const name = of.namespace === undefined ? of.name : `${of.namespace}/${of.name}`
      return { ...rest, package: name, version: of.version, firstSeen: first, ...(fixSeen === undefined ? {} : { fixSeen }) }
    })
    if (seen.size !== before.size || [...seen].some(([at, times]) => before.get(at) !== times)) this.#files.writeSeen(key, seen, now)
    return dated
  }
}
