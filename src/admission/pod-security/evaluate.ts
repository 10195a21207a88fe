// Evaluates the checks of a level and version on a pod, with upstream's wording.

import { containersOf } from '../../api/pods/containers-of.ts'
import type { CheckedPod, CheckResult, CheckVersion, PodSecurityCheck } from './check.ts'
import { podSecurityChecks } from './checks/index.ts'
import { type LevelVersion, strictness } from './policy.ts'

export interface Finding {
  readonly check: PodSecurityCheck
  readonly result: Extract<CheckResult, { allowed: false }>
}

interface ActiveCheck {
  readonly check: PodSecurityCheck
  readonly version: CheckVersion
}

const active = new Map<string, readonly ActiveCheck[]>()
const newest = Math.max(...podSecurityChecks.flatMap(({ versions }) => versions.map(({ since }) => since)))

/** The checks of a level and version, selected once: baseline first, without those that a restricted one includes. */
function activeChecks({ level, minor }: LevelVersion): readonly ActiveCheck[] {
  const at = minor === 'latest' ? newest : Math.min(minor, newest)
  const key = `${level}:${at}`
  const known = active.get(key)
  if (known) return known
  const chosen = podSecurityChecks.flatMap(check => {
    const version = check.versions.findLast(({ since }) => since <= at)
    return version === undefined || strictness(check.level) > strictness(level) ? [] : [{ check, version }]
  })
  const overridden = new Set(chosen.flatMap(({ check }) => check.overrides ?? []))
  const kept = chosen.filter(({ check }) => !overridden.has(check.id))
  const ordered = [...kept.filter(({ check }) => check.level === 'baseline'), ...kept.filter(({ check }) => check.level === 'restricted')]
  active.set(key, ordered)
  return ordered
}

/** The violated rules; empty if the pod is acceptable. */
export function evaluate(pod: CheckedPod, levelVersion: LevelVersion): Finding[] {
  if (levelVersion.level === 'privileged') return []
  const findings: Finding[] = []
  const seen = { ...pod, visited: containersOf(pod.spec) }
  for (const { check, version } of activeChecks(levelVersion)) {
    const result = version.check(seen)
    if (!result.allowed) findings.push({ check, result })
  }
  return findings
}

/** `privileged (container "a" must not set …), hostPort (…)` */
export const describeFindings = (findings: readonly Finding[]): string =>
  findings.map(({ result }) => `${result.reason} (${result.detail})`).join(', ')
