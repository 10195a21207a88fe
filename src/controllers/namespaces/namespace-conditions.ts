// The progress of a namespace's deletion, as conditions. Pure; types, reasons and messages are upstream's.
import type { Namespace, NamespaceCondition, Pod } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'
import type { ResourceRef } from '../../client/resource-ref.ts'
import { isFinished } from '../pod-state.ts'

export interface ContentReport {
  /** Group versions whose resources could not be discovered. */
  readonly discoveryFailures: readonly string[]
  readonly deletionFailures: readonly string[]
  /** Remaining objects by resource, with the finalizers that hold them. */
  readonly remaining: readonly {
    readonly group: string
    readonly plural: string
    readonly count: number
    readonly finalizers: ReadonlyMap<string, number>
  }[]
}

/** Whether pods may still be terminating since the namespace was deleted; `now` in milliseconds since the epoch. */
export function isWithinGrace({ metadata }: Namespace, pods: readonly Pod[], now: number): boolean {
  const graces = pods.filter(pod => !isFinished(pod)).map(({ spec }) => spec.terminationGracePeriodSeconds ?? 0)
  const longest = graces.reduce((most, grace) => Math.max(most, grace), 0)
  return now - Date.parse(metadata.deletionTimestamp ?? '') < longest * 1000
}

/** Remaining objects that neither a finalizer nor a grace period explains. */
export function unexpectedlyThere(namespace: string, { group, version, plural }: ResourceRef): string {
  return `unexpected items still remain in namespace: ${namespace} for gvr: ${group}/${version}, Resource=${plural}`
}

export function planConditions(old: readonly NamespaceCondition[], report: ContentReport, now: number): NamespaceCondition[] {
  const { discoveryFailures, deletionFailures, remaining } = report
  const finalizers = new Map<string, number>()
  for (const each of remaining) for (const [name, count] of each.finalizers) finalizers.set(name, (finalizers.get(name) ?? 0) + count)
  const left = remaining.map(({ group, plural, count }) => `${plural}.${group} has ${count} resource instances`).sort()
  const held = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`).sort()
  const rows: [type: string, problem: boolean, good: string, goodMessage: string, bad: string, badMessage: string][] = [
    [
      'NamespaceDeletionDiscoveryFailure',
      discoveryFailures.length > 0,
      'ResourcesDiscovered',
      'All resources successfully discovered',
      'DiscoveryFailed',
      `Discovery failed for some groups, ${discoveryFailures.length} failing: unable to retrieve the complete list of server APIs: ${discoveryFailures.join(', ')}`,
    ],
    ['NamespaceDeletionGroupVersionParsingFailure', false, 'ParsedGroupVersions', 'All legacy kube types successfully parsed', '', ''],
    [
      'NamespaceDeletionContentFailure',
      deletionFailures.length > 0,
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
      'ContentDeletionFailed',
      `Failed to delete all resource types, ${deletionFailures.length} remaining: ${[...deletionFailures].sort().join(', ')}`,
    ],
    [
      'NamespaceContentRemaining',
      left.length > 0,
      'ContentRemoved',
      'All content successfully removed',
      'SomeResourcesRemain',
      `Some resources are remaining: ${left.join(', ')}`,
    ],
    [
      'NamespaceFinalizersRemaining',
      held.length > 0,
      'ContentHasNoFinalizers',
      'All content-preserving finalizers finished',
      'SomeFinalizersRemain',
      `Some content in the namespace has finalizers remaining: ${held.join(', ')}`,
    ],
  ]
  const own = rows.map(([type, problem, good, goodMessage, bad, badMessage]) => {
    const status = problem ? 'True' : 'False'
    const reason = problem ? bad : good
    const message = problem ? badMessage : goodMessage
    const before = old.find(condition => condition.type === type)
    if (before?.status === status && before.reason === reason && before.message === message) return before
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? null) : formatTime(now)
    return { type, status, reason, message, lastTransitionTime }
  })
  return [...old.filter(({ type }) => !rows.some(([known]) => known === type)), ...own]
}
