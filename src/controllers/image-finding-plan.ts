// What the status of a pod says of known vulnerabilities in its images, and when they must be gone. Pure.
import { podImagesOf } from '../api/resources/supply/pod-images.ts'
import type { Pod, PodCondition } from '../api/types/core-v1.ts'
import type { Image, ImageFinding, ImageFindings } from '../api/types/supply-v1.ts'

export const vulnerableCondition = 'supply.bulkhead.dev/Vulnerable'

const maxMessage = 1024
const dayMs = 86_400_000
/** As in the default table of due dates. */
const warningMs = 7 * dayMs
const shownSeverities = ['critical', 'high', 'medium', 'low', 'unknown'] as const

export interface FindingsPlan {
  /** Undefined if the pod says so already. */
  readonly condition?: PodCondition
  /** When a date comes, in milliseconds since 1970. */
  readonly next?: number
}

interface Dated {
  readonly due: number
  readonly finding: ImageFinding
}

/** `time`: `now` as an object has it. `exposed`: something leads to the pod from outside. */
export function planFindings(
  pod: Pod,
  imageOf: (digest: string) => Image | undefined,
  { exposed, now, time }: { readonly exposed: boolean; readonly now: number; readonly time: string },
): FindingsPlan {
  const lines: string[] = []
  let due = Number.POSITIVE_INFINITY
  for (const { container, digest } of podImagesOf(pod).spec.images) {
    const findings = digest === undefined ? undefined : imageOf(digest)?.status?.findings
    if (findings === undefined || shownSeverities.every(severity => findings[severity] === 0)) continue
    const first = firstDue(findings, exposed)
    const earliest = Math.min(first?.due ?? Number.POSITIVE_INFINITY, dateOf(exposed ? findings.dueExposed : findings.due))
    due = Math.min(due, earliest)
    lines.push(`${container}: ${countsOf(findings)}${dueText(earliest, first, findings)}`)
  }
  const current = (pod.status?.conditions ?? []).find(({ type }) => type === vulnerableCondition)
  if (current === undefined && lines.length === 0) return {}
  const reason = lines.length === 0 ? 'NoFindings' : now >= due ? 'Overdue' : now >= due - warningMs ? 'DueSoon' : 'Findings'
  const next = [due - warningMs, due].find(at => at > now && Number.isFinite(at))
  const status = lines.length === 0 ? 'False' : 'True'
  const message = lines.join('; ').slice(0, maxMessage)
  const rest = next === undefined ? {} : { next }
  if (current?.status === status && current.reason === reason && (current.message ?? '') === message) return rest
  const lastTransitionTime = current?.status === status ? (current.lastTransitionTime ?? time) : time
  return { condition: { type: vulnerableCondition, status, reason, message, lastTransitionTime }, ...rest }
}

const dateOf = (text: string | null | undefined): number => {
  const date = Date.parse(text ?? '')
  return Number.isNaN(date) ? Number.POSITIVE_INFINITY : date
}

function firstDue({ list = [] }: ImageFindings, exposed: boolean): Dated | undefined {
  const dated = list.map((finding): Dated => ({ finding, due: dateOf(exposed ? finding.dueExposed : finding.due) }))
  return dated.filter(({ due }) => Number.isFinite(due)).toSorted((a, b) => a.due - b.due)[0]
}

const countsOf = (findings: ImageFindings): string =>
  shownSeverities
    .filter(severity => findings[severity] > 0)
    .map(severity => `${findings[severity]} ${severity}`)
    .join(', ')

function dueText(due: number, first: Dated | undefined, { list: [worst] = [] }: ImageFindings): string {
  const named = first?.finding ?? worst
  const what = named === undefined ? '' : `${named.cves?.[0] ?? named.advisory} in ${named.package} ${named.version}`
  const fix = named?.fixedVersion === undefined ? '' : `, fixed in ${named.fixedVersion}`
  if (!Number.isFinite(due)) return what === '' ? '' : `, such as ${what}${fix}`
  return `, due ${new Date(due).toISOString().slice(0, 10)}${what === '' ? '' : `: ${what}${fix}`}`
}
