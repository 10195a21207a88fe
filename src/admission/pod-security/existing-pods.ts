// Warnings about running pods when a namespace gets a stricter level.

import type { KubeObject } from '../../api/object.ts'
import { locatePod } from '../../api/pods/located-pod.ts'
import { writeJson } from '../../base/write-json.ts'
import { evaluate } from './evaluate.ts'
import { type Exemptions, exemptRuntimeClass } from './exemptions.ts'
import { formatLevelVersion, type LevelVersion } from './policy.ts'

/** Limit of checked pods, as upstream. */
const maxPodsChecked = 3000

interface Group {
  first: string
  count: number
}

/** In upstream's words and order; empty if all pods would be admitted. Pure. */
export function existingPodWarnings(
  namespace: string,
  pods: readonly KubeObject[],
  enforce: LevelVersion,
  exemptions: Exemptions,
  max = maxPodsChecked,
): string[] {
  const candidates = prioritized(pods.filter(pod => !isExempt(pod, exemptions)))
  const checked = candidates.slice(0, max)
  const groups = new Map<string, Group>()
  for (const pod of checked) {
    const located = locatePod('pods', pod)
    const findings = located === undefined ? [] : evaluate(located.pod, enforce)
    if (findings.length === 0) continue
    const reasons = findings.map(({ result }) => result.reason).join(', ')
    const name = pod.metadata.name ?? ''
    const group = groups.get(reasons)
    if (group === undefined) groups.set(reasons, { first: name, count: 1 })
    else {
      group.count++
      if (name < group.first) group.first = name
    }
  }
  const some =
    checked.length < candidates.length
      ? [`new PodSecurity enforce level only checked against the first ${checked.length} of ${candidates.length} existing pods`]
      : []
  if (groups.size === 0) return some
  const head = `existing pods in namespace ${writeJson(namespace)} violate the new PodSecurity enforce level "${formatLevelVersion(enforce)}"`
  return [...some, head, ...[...groups].map(([reasons, group]) => `${named(group)}: ${reasons}`).sort()]
}

function named({ first, count }: Group): string {
  if (count === 1) return first
  return count === 2 ? `${first} (and 1 other pod)` : `${first} (and ${count - 1} other pods)`
}

function isExempt(pod: KubeObject, exemptions: Exemptions): boolean {
  const located = locatePod('pods', pod)
  return located !== undefined && exemptRuntimeClass(exemptions, located.pod)
}

/** One pod of each controller first, because its others give the same result. */
function prioritized(pods: readonly KubeObject[]): KubeObject[] {
  const seen = new Set<string>()
  const others: KubeObject[] = []
  const first = pods.filter(pod => {
    const uid = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid
    if (uid === undefined || !seen.has(uid)) {
      if (uid !== undefined) seen.add(uid)
      return true
    }
    others.push(pod)
    return false
  })
  return [...first, ...others]
}
