// Proposes another tag of the same image, with what it fixes and what it brings. Pure: the caller scanned the candidates.
import { writeJson } from '../../base/write-json.ts'
import type { Digest } from '../oci/digest.ts'
import { versionOrders } from '../versions/index.ts'
import { type Finding, type Severity, severities } from './finding.ts'

type TagFinding = Pick<Finding, 'advisory' | 'cves' | 'severity' | 'notAffected'>

export interface ScannedTag {
  readonly tag: string
  readonly digest: Digest
  readonly findings: readonly TagFinding[]
}

export interface UpdateProposal {
  readonly from: ScannedTag
  readonly to: ScannedTag
  /** Advisory ids of the current image that the proposed one has no more, and the reverse; sorted. */
  readonly fixed: readonly string[]
  readonly added: readonly string[]
  readonly remaining: number
}

/**
 * The candidate with the lowest risk, if it is lower than now: fewer critical findings, then fewer high ones, and so on. Of equal ones the closest
 * version. Candidates are the same tag with a new digest, and newer tags of the same variant (`1.27-alpine`): never an older version.
 */
export function proposeUpdate(current: ScannedTag, candidates: readonly ScannedTag[]): UpdateProposal | undefined {
  const newer = candidates.filter(candidate => candidate.digest !== current.digest && isUpdate(current.tag, candidate.tag))
  const [best] = newer.toSorted((a, b) => compareRisk(a, b) || distance(current.tag, a.tag, b.tag))
  if (best === undefined || compareRisk(best, current) >= 0) return undefined
  const [before, after] = [idsOf(current), idsOf(best)]
  return {
    from: current,
    to: best,
    fixed: [...before].filter(id => !after.has(id)).sort(),
    added: [...after].filter(id => !before.has(id)).sort(),
    remaining: after.size,
  }
}

/**
 * The tags whose images are worth a scan: the same one, which may have moved, the newest of the same variant and first number, and the newest of the same
 * variant at all.
 */
export function candidateTags(current: string, tags: readonly string[]): readonly string[] {
  const newer = tags.filter(tag => tag !== current && isUpdate(current, tag)).toSorted((a, b) => distance(current, b, a))
  const first = (tag: string): string => parseTag(tag)?.version.split('.', 1)[0] ?? ''
  const [newest] = newer
  const near = newer.find(tag => first(tag) === first(current))
  return [...new Set([current, ...(near === undefined ? [] : [near]), ...(newest === undefined ? [] : [newest])])]
}

const applies = ({ notAffected }: TagFinding): boolean => notAffected === undefined
/** A CVE in two packages counts once: an update is about vulnerabilities. */
const idsOf = ({ findings }: ScannedTag): ReadonlySet<string> =>
  new Set(findings.filter(applies).map(({ advisory, cves }) => cves[0] ?? advisory))

function counts({ findings }: ScannedTag): ReadonlyMap<Severity, number> {
  const found = findings.filter(applies)
  return new Map(
    severities.map(severity => [
      severity,
      new Set(found.filter(one => one.severity === severity).map(({ advisory, cves }) => cves[0] ?? advisory)).size,
    ]),
  )
}

function compareRisk(a: ScannedTag, b: ScannedTag): number {
  const [left, right] = [counts(a), counts(b)]
  for (const severity of severities.toReversed()) {
    const order = (left.get(severity) ?? 0) - (right.get(severity) ?? 0)
    if (order !== 0) return order
  }
  return 0
}

interface Tag {
  readonly version: string
  /** What follows the numbers: `-alpine3.20`. */
  readonly variant: string
}

/** Numbers, then a variant; undefined for tags such as `latest`, which have no order. */
function parseTag(tag: string): Tag | undefined {
  const [, version, variant] = /^v?([0-9]{1,10}(?:\.[0-9]{1,10}){0,4})(-.*|$)/.exec(tag) ?? []
  return version === undefined || variant === undefined ? undefined : { version, variant: variant.replace(/[0-9.]+/g, '#') }
}

function isUpdate(from: string, to: string): boolean {
  if (from === to) return true
  const [current, candidate] = [parseTag(from), parseTag(to)]
  if (current === undefined || candidate === undefined || current.variant !== candidate.variant) return false
  return (versionOrders.deb(candidate.version, current.version) ?? -1) >= 0
}

/** Below 0 if `a` is closer to `from`. */
function distance(from: string, a: string, b: string): number {
  if (a === from || b === from) return a === b ? 0 : a === from ? -1 : 1
  return versionOrders.deb(parseTag(a)?.version ?? '0', parseTag(b)?.version ?? '0') ?? 0
}

/** A strategic merge patch for a workload's container, as YAML. The tag stays visible, the digest decides. */
export function updatePatch(repository: string, container: string, { to }: UpdateProposal): string {
  const text = (value: string) => writeJson(value)
  return [
    'spec:',
    '  template:',
    '    spec:',
    '      containers:',
    `        - name: ${text(container)}`,
    `          image: ${text(`${repository}:${to.tag}@${to.digest}`)}`,
    '',
  ].join('\n')
}
