// Marks findings that a VEX statement says do not apply. Pure.
import type { SoftwarePackage } from '../../packages/software-package.ts'
import { advisoryName } from '../ecosystems.ts'
import type { Finding } from '../finding.ts'
import { parsePurl } from '../parse-purl.ts'
import type { VexProduct, VexStatement } from './vex-statement.ts'

/** What was scanned, as statements may name it. */
export interface ScannedImage {
  /** Its digests, of index and manifest. */
  readonly digests: readonly string[]
  /** Its references without tag and digest, such as `registry.example/shop/web`. */
  readonly repositories: readonly string[]
}

/** A finding stays in its place, with the justification. `affected` in a later statement withdraws an earlier `not_affected`. */
export function applyVex(findings: readonly Finding[], statements: readonly VexStatement[], image: ScannedImage): readonly Finding[] {
  const byVulnerability = new Map<string, VexStatement[]>()
  for (const statement of statements.toSorted((a, b) => a.time - b.time))
    for (const id of new Set(statement.vulnerabilities)) {
      const list = byVulnerability.get(id) ?? []
      list.push(statement)
      byVulnerability.set(id, list)
    }
  return findings.map(finding => {
    const notAffected = notAffectedBy(finding, finding.package, image, id => byVulnerability.get(id) ?? [])
    return notAffected === undefined ? finding : { ...finding, notAffected }
  })
}

/** Why the vulnerability does not concern the package in this image, by what is said last; undefined if it does, or nobody says so. */
export function notAffectedBy(
  { advisory, cves }: Pick<Finding, 'advisory' | 'cves'>,
  one: SoftwarePackage,
  image: ScannedImage,
  statementsOf: (vulnerability: string) => readonly VexStatement[],
): string | undefined {
  const about = [...new Set([advisory, ...cves])].flatMap(statementsOf)
  const relevant = about.filter(({ products }) => products.some(product => concerns(product, one, image)))
  const last = relevant.toSorted((a, b) => a.time - b.time).at(-1)
  return last?.status === 'not_affected' || last?.status === 'fixed' ? (last.justification ?? last.status) : undefined
}

function concerns({ id, parts }: VexProduct, one: SoftwarePackage, image: ScannedImage): boolean {
  if (namesImage(id, image)) return parts.length === 0 || parts.some(part => namesPackage(part, one))
  return parts.length === 0 && namesPackage(id, one)
}

function namesImage(id: string, { digests, repositories }: ScannedImage): boolean {
  const purl = parsePurl(id)
  if (purl === undefined) return digests.some(digest => id === digest || id.endsWith(`@${digest}`))
  if (purl.type !== 'oci') return false
  // purl-spec: the version is the digest, `repository_url` the whole name.
  if (purl.version !== undefined) return digests.includes(purl.version)
  const repository = purl.qualifiers.get('repository_url')
  return repository !== undefined && repositories.some(one => one === repository || one === `${repository}/${purl.name}`)
}

/** Types whose namespace in a package URL is the distribution or vendor that packs them. */
const packagers = ['deb', 'rpm', 'apk']

function namesPackage(id: string, one: SoftwarePackage): boolean {
  const purl = parsePurl(id)
  if (purl === undefined || purl.type !== one.type) return false
  const architecture = purl.qualifiers.get('arch')
  if (
    architecture !== undefined &&
    architecture !== 'source' &&
    architecture !== 'src' &&
    one.architecture !== undefined &&
    architecture !== one.architecture
  )
    return false
  if (!packagers.includes(purl.type)) {
    const name = (namespace: string | undefined, text: string) =>
      advisoryName(one.type, namespace === undefined ? text : `${namespace}/${text}`)
    return name(purl.namespace, purl.name) === name(one.namespace, one.name) && hasVersion(purl.version, [one.version])
  }
  if (one.distribution !== undefined && !namesDistribution(purl.namespace, one.distribution.id)) return false
  const epoch = purl.qualifiers.get('epoch')
  const version = purl.version !== undefined && epoch !== undefined && epoch !== '0' ? `${epoch}:${purl.version}` : purl.version
  return (
    (purl.name === one.name && hasVersion(version, [one.version])) ||
    (purl.name === one.source?.name && hasVersion(version, [one.source.version, one.version]))
  )
}

const namesDistribution = (namespace: string | undefined, id: string): boolean =>
  namespace === undefined || namespace === id || (namespace === 'redhat' && (id === 'rhel' || id === 'centos'))

/** Without a version all are meant. An epoch of 0 may be written. */
const hasVersion = (named: string | undefined, versions: readonly string[]): boolean =>
  named === undefined || versions.some(version => named === version || version === `0:${named}`)
