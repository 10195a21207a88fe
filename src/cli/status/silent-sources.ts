// Sources of advisories that have fallen silent, or that are not used.
import type { AdvisorySource } from '../../api/types/supply-v1.ts'

/** One sentence for each. */
export function silentSources(sources: readonly AdvisorySource[]): string[] {
  return sources.flatMap(({ metadata: { name }, status }) => {
    const conditions = status?.conditions ?? []
    const silent = conditions.find(({ type, status: is }) => type === 'Silent' && is === 'True')
    const unused = conditions.find(({ type, status: is }) => type === 'Ready' && is === 'False')
    if (unused !== undefined)
      return [`AdvisorySource "${name}" is not used, so its vulnerabilities are not found: ${unused.message || unused.reason}`]
    return silent === undefined ? [] : [`AdvisorySource "${name}" is silent: ${silent.message}`]
  })
}
