// Applies the exceptions of the configuration to findings, and reports unused and expired exceptions.
import { matchesGlob, normalize } from 'node:path'
import type { Configuration, Exception } from './configuration.ts'
import type { Finding } from './finding.ts'

export interface FilteredFindings {
  /** The remaining findings, and those about the exceptions themselves. */
  readonly findings: readonly Finding[]
  readonly excepted: number
}

/** `now` in milliseconds. Findings of disabled rules are dropped silently. */
export function applyExceptions(
  findings: readonly Finding[],
  { file, disabled, exceptions }: Configuration,
  now: number,
): FilteredFindings {
  const enabled = findings.filter(({ rule }) => !disabled.has(rule))
  const used = new Set<Exception>()
  const kept = enabled.filter(finding => {
    const covering = exceptions.filter(exception => covers(exception, finding))
    for (const exception of covering) used.add(exception)
    return !covering.some(({ expires }) => now < expires)
  })
  const about = exceptions.flatMap((exception, index): Finding[] => {
    const place = { file: file ?? '', line: 1, column: 1, field: `exceptions[${index}]` }
    const { rule, owner, reason, expires } = exception
    if (now >= expires) {
      const message = `the exception of ${owner} from "${rule}" (${reason}) expired ${new Date(expires).toISOString()}`
      return [{ rule: 'expired-exception', severity: 'warning', message, ...place }]
    }
    if (used.has(exception)) return []
    return [{ rule: 'unused-exception', severity: 'note', message: `the exception of ${owner} from "${rule}" is unused`, ...place }]
  })
  return { findings: [...kept, ...about.filter(({ rule }) => !disabled.has(rule))], excepted: enabled.length - kept.length }
}

function covers({ rule, path, kind, namespace, name, field }: Exception, finding: Finding): boolean {
  const { object } = finding
  if (rule !== finding.rule) return false
  const files = [finding.file, ...(finding.renderedFrom === undefined ? [] : [finding.renderedFrom])]
  if (path !== undefined && !files.some(file => matchesGlob(normalize(file), normalize(path)))) return false
  if (kind !== undefined && kind !== object?.kind) return false
  if (namespace !== undefined && namespace !== (object?.namespace ?? '')) return false
  if (name !== undefined && name !== object?.name) return false
  return field === undefined || isPart(finding.field ?? '', field)
}

const isPart = (field: string, of: string): boolean => field === of || field.startsWith(`${of}.`) || field.startsWith(`${of}[`)
