// Whether image policies accept the known vulnerabilities of an image: by severity, by due date, apart from those with an exception. Pure.
import { type DueDateTable, defaultDueDates, dueState, type Exposure } from '../advisories/due-dates.ts'
import { type Finding, severities } from '../advisories/finding.ts'
import type { DueDatesSpec, ImagePolicySpec } from './image-policy.ts'

/** Times are in milliseconds since 1970. */
export interface DatedFinding
  extends Pick<Finding, 'advisory' | 'cves' | 'severity' | 'fixedVersion' | 'epss' | 'exploited' | 'notAffected'> {
  readonly package: string
  readonly version: string
  readonly firstSeen: number
  readonly fixSeen?: number
}

export interface FindingsRule extends Pick<ImagePolicySpec, 'maxSeverity' | 'dueDates' | 'onFailure'> {
  /** For messages, such as `ClusterImagePolicy "dated"`. */
  readonly title: string
}

/** Accepts findings of an image for which it is. */
export interface FindingsException {
  /** Ids of advisories or CVEs. */
  readonly advisories: readonly string[]
  /** From then on it has no effect. */
  readonly expires: number
}

export interface FindingsDecision {
  /** Why the image is refused; empty if it is not. */
  readonly refusals: readonly string[]
  readonly warnings: readonly string[]
}

export const hasFindingsRule = ({ maxSeverity, dueDates }: { readonly maxSeverity?: string; readonly dueDates?: object }): boolean =>
  maxSeverity !== undefined || dueDates !== undefined

/** Findings that a message names. */
const shownFindings = 5

/** `exceptions` are those for this image in this namespace, also expired ones. */
export function evaluateFindings(
  rules: readonly FindingsRule[],
  findings: readonly DatedFinding[],
  exceptions: readonly FindingsException[],
  exposure: Exposure,
  now: number,
): FindingsDecision {
  const valid = exceptions.filter(({ expires }) => now < expires)
  const open = findings.filter(finding => finding.notAffected === undefined && !valid.some(exception => accepts(exception, finding)))
  const refusals: string[] = []
  const warnings: string[] = []
  for (const rule of rules) {
    const problems = open.flatMap(finding => problemOf(rule, finding, exposure, now) ?? [])
    const over = problems.filter(({ kind }) => kind === 'over')
    const soon = problems.filter(({ kind }) => kind === 'soon')
    if (over.length > 0) (rule.onFailure === 'Warn' ? warnings : refusals).push(`${rule.title}: ${listed(over)}`)
    if (soon.length > 0) warnings.push(`${rule.title} will refuse it: ${listed(soon)}`)
  }
  return { refusals, warnings }
}

/** Fails closed: what a policy limits must be known. `reason`: why it is not. */
export function decideUnknown(rules: readonly FindingsRule[], reason: string): FindingsDecision {
  const said = rules.map(({ title, onFailure }) => ({
    warns: onFailure === 'Warn',
    text: `${title}: its known vulnerabilities must be known, and ${reason}`,
  }))
  return {
    refusals: said.filter(({ warns }) => !warns).map(({ text }) => text),
    warnings: said.filter(({ warns }) => warns).map(({ text }) => text),
  }
}

/** What has several CVEs is accepted by its own id, or if each of them is named. */
function accepts({ advisories }: FindingsException, { advisory, cves }: DatedFinding): boolean {
  return advisories.includes(advisory) || (cves.length > 0 && cves.every(cve => advisories.includes(cve)))
}

interface Problem {
  readonly kind: 'over' | 'soon'
  readonly finding: DatedFinding
  readonly text: string
}

function problemOf(rule: FindingsRule, finding: DatedFinding, exposure: Exposure, now: number): Problem | undefined {
  const { maxSeverity, dueDates } = rule
  const most = maxSeverity === undefined ? -1 : severities.indexOf(maxSeverity)
  if (severities.indexOf(finding.severity) <= most) return undefined
  const what = titleOf(finding)
  if (dueDates === undefined) return { kind: 'over', finding, text: `${what} is above severity ${maxSeverity}` }
  const { firstSeen, fixSeen } = finding
  const seen = { firstSeen, exposure, ...(fixSeen === undefined ? {} : { fixSeen }) }
  const state = dueState(finding, seen, dueTable(dueDates), now)
  if (state.state === 'noDate' || state.state === 'ok') return undefined
  const date = new Date(state.due).toISOString().slice(0, 10)
  const reach = exposure === 'exposed' ? ', as it is reachable from outside' : ''
  return state.state === 'overdue'
    ? { kind: 'over', finding, text: `${what} had to be gone by ${date}${reach}` }
    : { kind: 'soon', finding, text: `${what} must be gone by ${date}${reach}` }
}

function titleOf({ advisory, cves, severity, package: name, version }: DatedFinding): string {
  const id = cves[0] !== undefined && cves[0] !== advisory ? `${advisory} (${cves[0]})` : advisory
  return `${id}, ${severity}, in ${name} ${version}`
}

function listed(problems: readonly Problem[]): string {
  const order = (a: Problem, b: Problem): number =>
    severities.indexOf(b.finding.severity) - severities.indexOf(a.finding.severity) || (a.text < b.text ? -1 : 1)
  const shown = problems.toSorted(order).slice(0, shownFindings)
  const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : ''
  const [first] = shown
  return `${shown.map(({ text }) => text).join('; ')}${more}${first === undefined ? '' : `; would pass: ${wayOut(first.finding)}`}`
}

const wayOut = ({ package: name, fixedVersion, advisory }: DatedFinding): string =>
  fixedVersion === undefined
    ? `an image without ${name}, as there is no fix, or an Exception for ${advisory}`
    : `an image with ${name} ${fixedVersion} or later, or an Exception for ${advisory}`

/** What the policy leaves out is as in the default table. */
export function dueTable({ internal, exposed, exploited, warning }: DueDatesSpec): DueDateTable {
  const { days, exploitedDays, warningDays, ...others } = defaultDueDates
  return {
    ...others,
    days: { internal: internal ?? days.internal, exposed: exposed ?? days.exposed },
    exploitedDays: exploited ?? exploitedDays,
    warningDays: warning ?? warningDays,
  }
}
