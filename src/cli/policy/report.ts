// Reports what policies in audit mode would have refused, from their annotations in the audit log.
import { isRecord } from '../../api/schema/compile.ts'
import { parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { LoggedEvent } from './audit-log.ts'

const failures = 'validation.policy.admission.k8s.io/validation_failure'
const podSecurity = 'pod-security.kubernetes.io/audit-violations'
const maxExamples = 3

export interface ReportedPolicy {
  /** The name of a ValidatingAdmissionPolicy, or `PodSecurity`. */
  readonly policy: string
  readonly binding: string | undefined
  readonly message: string
  readonly count: number
  readonly users: readonly string[]
  /** Some of the objects, as `pods team/web`. */
  readonly examples: readonly string[]
}

interface Found {
  readonly policy: string
  readonly binding: string | undefined
  readonly message: string
}

/** The most frequent first. Requests that were refused anyway do not count, because nothing would change for them. */
export async function reportPolicies(events: AsyncIterable<LoggedEvent>): Promise<ReportedPolicy[]> {
  const groups = new Map<string, Found & { count: number; users: Set<string>; examples: Set<string> }>()
  for await (const event of events) {
    if ((event.responseStatus?.code ?? 0) >= 300) continue
    for (const found of failuresOf(event)) {
      const key = writeJson(found)
      const group = groups.get(key) ?? { ...found, count: 0, users: new Set<string>(), examples: new Set<string>() }
      groups.set(key, group)
      group.count++
      group.users.add(event.user.username)
      if (group.examples.size < maxExamples) group.examples.add(objectText(event))
    }
  }
  return [...groups.values()]
    .toSorted((a, b) => b.count - a.count)
    .map(({ users, examples, ...group }) => ({ ...group, users: [...users].toSorted(), examples: [...examples] }))
}

export function objectText({ objectRef }: LoggedEvent): string {
  if (objectRef === undefined) return 'a request without an object'
  const { resource, namespace, name = '' } = objectRef
  return `${resource} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

function failuresOf({ annotations = {} }: LoggedEvent): Found[] {
  const found: Found[] = []
  const violations = annotations[podSecurity]
  if (violations !== undefined) found.push({ policy: 'PodSecurity', binding: undefined, message: violations })
  const list = parsed(annotations[failures])
  for (const entry of Array.isArray(list) ? list : []) {
    if (!isRecord(entry)) continue
    const text = (key: string) => (typeof entry[key] === 'string' ? entry[key] : '')
    found.push({ policy: text('policy'), binding: text('binding'), message: text('message') })
  }
  return found
}

/** Another server may use this key for something else; such values are ignored. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parseJson(text)
  } catch (err) {
    if (err instanceof SyntaxError) return undefined
    throw err
  }
}
