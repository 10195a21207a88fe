// How much of a request is recorded: the first matching rule of an ordered list decides, as in a Policy of audit.k8s.io/v1.
import type { AuditEvent } from './audit-event.ts'

export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse'

/** An empty list matches everything. */
export interface AuditRule {
  readonly level: AuditLevel
  readonly verbs?: readonly string[]
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly resources?: readonly AuditedResources[]
  /** '' stands for cluster-scoped requests. */
  readonly namespaces?: readonly string[]
  /** Exact, or with a trailing `*`. Such a rule matches no resource request. */
  readonly nonResourceURLs?: readonly string[]
  /** In addition to those of the policy. */
  readonly omitStages?: readonly string[]
  /** Overrides the policy. */
  readonly omitManagedFields?: boolean
}

export interface AuditedResources {
  readonly group?: string
  /** `pods`, `pods/log`, `pods/*` (also the pods themselves), `*` with `/log` for that subresource of all resources, or `*`. */
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
}

export interface AuditPolicy {
  readonly rules: readonly AuditRule[]
  readonly omitStages?: readonly string[]
  readonly omitManagedFields?: boolean
}

/** Records user, verb, object, time and outcome of everything except health checks. */
export const defaultAuditPolicy: AuditPolicy = {
  rules: [{ level: 'None', nonResourceURLs: ['/livez*', '/readyz*', '/healthz*'] }, { level: 'Metadata' }],
}

/** Resources whose bodies are credentials: never recorded above Metadata, whatever the policy says. */
const bodiesAreSecret = new Set([
  'secrets.',
  'configmaps.',
  'localvolumes.bulkhead.dev',
  'tokenreviews.authentication.k8s.io',
  'serviceaccounts.',
  'registrytokens.supply.bulkhead.dev',
  'repositoryaccessreviews.supply.bulkhead.dev',
])

export const bodyIsSecret = ({ resource, apiGroup = '' }: NonNullable<AuditEvent['objectRef']>): boolean =>
  bodiesAreSecret.has(`${resource}.${apiGroup}`)

export type AuditedRequest = Pick<AuditEvent, 'verb' | 'user' | 'requestURI' | 'objectRef'>

export interface AuditDecision {
  readonly level: AuditLevel
  readonly omitStages: readonly string[]
  readonly omitManagedFields: boolean
}

const mutatingVerbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])
export const isWrite = ({ verb }: Pick<AuditedRequest, 'verb'>): boolean => mutatingVerbs.has(verb)

const nothing: AuditDecision = { level: 'None', omitStages: [], omitManagedFields: false }

/** `keepsWrites`: each write is recorded at least at level Metadata, whatever the policy says. */
export function auditDecision(policy: AuditPolicy, event: AuditedRequest, keepsWrites: boolean): AuditDecision {
  const rule = policy.rules.find(each => matches(each, event))
  const kept = keepsWrites && isWrite(event)
  const level = leveled(rule?.level ?? 'None', event)
  if (level === 'None') return kept ? { ...nothing, level: 'Metadata' } : nothing
  return {
    level,
    omitStages: kept ? [] : [...(policy.omitStages ?? []), ...(rule?.omitStages ?? [])],
    omitManagedFields: rule?.omitManagedFields ?? policy.omitManagedFields ?? false,
  }
}

function leveled(level: AuditLevel, { objectRef }: AuditedRequest): AuditLevel {
  const secret = objectRef !== undefined && bodyIsSecret(objectRef)
  return secret && (level === 'Request' || level === 'RequestResponse') ? 'Metadata' : level
}

function matches(rule: AuditRule, { verb, user, requestURI, objectRef }: AuditedRequest): boolean {
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [], nonResourceURLs = [] } = rule
  if (users.length > 0 && !users.includes(user.username)) return false
  if (userGroups.length > 0 && !userGroups.some(group => user.groups.includes(group))) return false
  if (verbs.length > 0 && !verbs.includes(verb)) return false
  if (namespaces.length > 0 || resources.length > 0) {
    if (objectRef === undefined) return false
    if (namespaces.length > 0 && !namespaces.includes(objectRef.namespace ?? '')) return false
    return resources.length === 0 || resources.some(entry => names(entry, verb, objectRef))
  }
  if (nonResourceURLs.length === 0) return true
  if (objectRef !== undefined) return false
  const [path = ''] = requestURI.split('?', 1)
  return nonResourceURLs.some(url => (url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : url === path))
}

function names(
  entry: AuditedResources,
  verb: string,
  { resource, subresource, apiGroup = '', name }: NonNullable<AuditEvent['objectRef']>,
): boolean {
  const { group = '', resources = [], resourceNames = [] } = entry
  if (group !== apiGroup) return false
  if (resources.length === 0) return true
  // A create has no name yet; the created object is added to the event later.
  const named = verb === 'create' && subresource === undefined ? '' : (name ?? '')
  if (resourceNames.length > 0 && !resourceNames.includes(named)) return false
  const combined = subresource === undefined ? resource : `${resource}/${subresource}`
  return resources.some(
    wanted =>
      wanted === combined || wanted === '*' || (subresource !== undefined && wanted === `*/${subresource}`) || wanted === `${resource}/*`,
  )
}
