// Whether a version is affected, by the algorithm of the OSV schema ("Evaluation").
import type { Order, VersionOrder } from '../versions/version-order.ts'
import type { AffectedPackage, RangeEvent } from './advisory.ts'

export type Verdict =
  | { readonly affected: true; readonly fixedVersion?: string }
  | { readonly affected: false }
  /** The version, or one of the advisory, is none of its ecosystem. */
  | { readonly affected: 'unknown' }

/** Pure. A version that one range or the list names is affected, whatever other ranges say. */
export function evaluateAffected(version: string, affected: Pick<AffectedPackage, 'ranges' | 'versions'>, compare: VersionOrder): Verdict {
  const verdicts = affected.ranges.map(range => evaluateRange(version, range, compare))
  const listed = affected.versions.some(one => one === version || compare(one, version) === 0)
  const found = verdicts.filter(verdict => verdict.affected === true)
  if (listed || found.length > 0)
    return withFix(
      found.flatMap(({ fixedVersion }) => fixedVersion ?? []),
      compare,
    )
  return verdicts.find(({ affected }) => affected === 'unknown') ?? { affected: false }
}

/** The lowest fix that is a fix of all ranges is their highest; advisories with several ranges that hold one version are rare. */
function withFix(fixes: readonly string[], compare: VersionOrder): Verdict {
  const [fixedVersion] = fixes.toSorted((a, b) => compare(b, a) ?? 0)
  return { affected: true, ...(fixedVersion !== undefined && { fixedVersion }) }
}

function evaluateRange(version: string, range: readonly RangeEvent[], compare: VersionOrder): Verdict {
  const placed: { readonly event: RangeEvent; readonly order: Order }[] = []
  for (const event of range) {
    const order =
      event[0] === 'introduced' && event[1] === '0' ? 1 : event[0] === 'limit' && event[1] === '*' ? -1 : compare(version, event[1])
    if (order === undefined) return { affected: 'unknown' }
    placed.push({ event, order })
  }
  const limits = placed.filter(({ event }) => event[0] === 'limit')
  if (limits.length > 0 && !limits.some(({ order }) => order < 0)) return { affected: false }
  let affected = false
  let fixedVersion: string | undefined
  for (const { event, order } of inOrder(placed, compare)) {
    const [kind, at] = event
    if (kind === 'introduced' && order >= 0) affected = true
    else if (kind === 'fixed' && order >= 0) affected = false
    else if (kind === 'lastAffected' && order > 0) affected = false
    else if (kind === 'fixed' && order < 0 && affected) fixedVersion ??= at
  }
  return affected ? { affected: true, ...(fixedVersion !== undefined && { fixedVersion }) } : { affected: false }
}

type Placed = { readonly event: RangeEvent; readonly order: Order }

const compareEvents = (a: RangeEvent, b: RangeEvent, compare: VersionOrder): number => {
  const [first, second] = [isStart(a), isStart(b)]
  return first || second ? Number(second) - Number(first) : (compare(a[1], b[1]) ?? 0)
}
const isStart = ([kind, version]: RangeEvent): boolean => kind === 'introduced' && version === '0'

/** Events by version; equal ones as they are written. Most ranges have two events, in their order. */
const inOrder = (placed: readonly Placed[], compare: VersionOrder): readonly Placed[] =>
  placed.length < 2 || (placed.length === 2 && isStart(placed[0]?.event ?? ['limit', '*']))
    ? placed
    : placed.toSorted((a, b) => compareEvents(a.event, b.event, compare))
