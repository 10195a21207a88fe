// How much of a request is recorded: an ordered list of rules, the first that matches decides, as an audit.k8s.io/v1 Policy.
import type { AuditEvent } from './audit-event.ts'

export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse'

/** An empty list matches everything. */
export interface AuditRule {
  readonly level: AuditLevel
  readonly verbs?: readonly string[]
  readonly users?: readonly string[]
  readonly groups?: readonly string[]
  readonly resources?: readonly { readonly group: string; readonly resources: readonly string[] }[]
  readonly namespaces?: readonly string[]
  /** Exact, or with a trailing `*`. Such a rule matches no resource request. */
  readonly nonResourceURLs?: readonly string[]
}

/** Health checks leave no record; everything else leaves who, what, when and the outcome. */
export const defaultAuditPolicy: readonly AuditRule[] = [
  { level: 'None', nonResourceURLs: ['/livez*', '/readyz*', '/healthz*'] },
  { level: 'Metadata' },
]

/** Whose bodies are credentials: never recorded above Metadata, whatever the policy says. */
const bodiesAreSecret = new Set(['secrets.', 'configmaps.', 'tokenreviews.authentication.k8s.io', 'serviceaccounts.'])

export const bodyIsSecret = ({ resource, apiGroup = '' }: NonNullable<AuditEvent['objectRef']>): boolean =>
  bodiesAreSecret.has(`${resource}.${apiGroup}`)

type Asked = Pick<AuditEvent, 'verb' | 'user' | 'requestURI' | 'objectRef'>

export function auditLevel(policy: readonly AuditRule[], event: Asked): AuditLevel {
  const level = policy.find(rule => matches(rule, event))?.level ?? 'None'
  const { objectRef } = event
  const secret = objectRef !== undefined && bodyIsSecret(objectRef)
  return secret && (level === 'Request' || level === 'RequestResponse') ? 'Metadata' : level
}

function matches(rule: AuditRule, { verb, user, requestURI, objectRef }: Asked): boolean {
  const allows = (list: readonly string[] | undefined, value: string) => list === undefined || list.length === 0 || list.includes(value)
  if (!allows(rule.verbs, verb) || !allows(rule.users, user.username)) return false
  if (rule.groups && rule.groups.length > 0 && !rule.groups.some(group => user.groups.includes(group))) return false
  if (rule.nonResourceURLs && rule.nonResourceURLs.length > 0) {
    if (objectRef !== undefined) return false
    const [path = ''] = requestURI.split('?', 1)
    return rule.nonResourceURLs.some(url => (url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : url === path))
  }
  if (rule.namespaces && rule.namespaces.length > 0 && !rule.namespaces.includes(objectRef?.namespace ?? '')) return false
  if (!rule.resources || rule.resources.length === 0) return true
  if (objectRef === undefined) return false
  const { resource, subresource, apiGroup = '' } = objectRef
  const combined = subresource === undefined ? resource : `${resource}/${subresource}`
  return rule.resources.some(
    entry =>
      entry.group === apiGroup &&
      (entry.resources.length === 0 ||
        entry.resources.some(wanted => wanted === combined || wanted === '*' || (subresource !== undefined && wanted === `${resource}/*`))),
  )
}
