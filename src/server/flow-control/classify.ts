// Finds the FlowSchema of a request: the first one by precedence with a rule that matches its user and its target. Compiled when the objects
// change; after the first request, others of the same user and kind are looked up.

import { limitHolder } from '../../access/limit-subject.ts'
import { combinedResource } from '../../access/rules/rule-match.ts'
import type { FlowSchema, PolicyRulesWithSubjects, ResourcePolicyRule, Subject } from '../../api/types/flowcontrol-v1.ts'
import type { UserInfo } from '../../api/user.ts'
import type { RequestInfo, ResourceRequestInfo } from '../request/request-info.ts'
import type { Flow } from './flow.ts'
import type { FlowCounters } from './flow-counters.ts'
import type { PriorityLevel } from './priority-level.ts'

/** A FlowSchema and its priority level. */
export interface SchemaAtLevel {
  readonly schema: FlowSchema
  readonly level: PriorityLevel
  readonly counters: FlowCounters
}

export interface Classification extends SchemaAtLevel {
  readonly flow: Flow
}

/** The rules of one schema whose subjects include the user. */
interface Candidate extends SchemaAtLevel {
  readonly rules: readonly PolicyRulesWithSubjects[]
}

interface KnownUser {
  readonly candidates: readonly Candidate[]
  readonly found: Map<string, SchemaAtLevel>
  /** By schema, if the distinguisher is the user. */
  readonly flows: Map<SchemaAtLevel, Classification>
}

/** Clients choose the text of their paths, so long keys are not cached. Served resources have shorter ones. */
const maxKnown = 500
const maxKnownLength = 1024

export class Classifier {
  readonly #schemas: readonly SchemaAtLevel[]
  readonly #fallback: SchemaAtLevel
  /** Authenticators return the same object for the same credential. */
  readonly #users = new WeakMap<UserInfo, KnownUser>()
  readonly #namesNamespaces: boolean

  /** `schemas` in any order; `fallback` gets requests that none matches. */
  constructor(schemas: readonly SchemaAtLevel[], fallback: SchemaAtLevel) {
    this.#schemas = schemas.toSorted((a, b) => byPrecedence(a.schema, b.schema))
    this.#fallback = fallback
    const rules = schemas.flatMap(({ schema }) => (schema.spec.rules ?? []).flatMap(({ resourceRules = [] }) => resourceRules))
    this.#namesNamespaces = rules.some(({ namespaces }) => (namespaces ?? []).some(namespace => namespace !== '*'))
  }

  classify(user: UserInfo, info: RequestInfo): Classification {
    const known = this.#users.get(user) ?? this.#meet(user)
    const found = info.isResource ? this.#ofResource(known, info) : firstMatch(known.candidates, info)
    return this.#flowOf(known, found ?? this.#fallback, user, info)
  }

  #meet(user: UserInfo): KnownUser {
    const candidates = this.#schemas.flatMap((at): Candidate[] => {
      const rules = (at.schema.spec.rules ?? []).filter(({ subjects }) => subjects.some(subject => isSubject(user, subject)))
      return rules.length === 0 ? [] : [{ ...at, rules }]
    })
    const known: KnownUser = { candidates, found: new Map(), flows: new Map() }
    this.#users.set(user, known)
    return known
  }

  #ofResource({ candidates, found }: KnownUser, info: ResourceRequestInfo): SchemaAtLevel | undefined {
    const { verb, group, resource, subresource, namespace } = info
    const scope = namespace === '' ? '!' : this.#namesNamespaces ? namespace : ''
    const key = `${verb} ${group}/${resource}/${subresource} ${scope}`
    const known = found.get(key)
    if (known !== undefined) return known
    const match = firstMatch(candidates, info)
    if (match === undefined || key.length > maxKnownLength) return match
    if (found.size >= maxKnown) found.clear()
    found.set(key, match)
    return match
  }

  #flowOf(known: KnownUser, at: SchemaAtLevel, user: UserInfo, info: RequestInfo): Classification {
    const { schema, level } = at
    if (schema.spec.distinguisherMethod?.type === 'ByNamespace') {
      return { ...at, flow: level.flows.of(schema.metadata.name ?? '', info.isResource ? info.namespace : '') }
    }
    const before = known.flows.get(at)
    if (before !== undefined) return before
    const distinguisher = schema.spec.distinguisherMethod?.type === 'ByUser' ? limitHolder(user.name) : ''
    const classification = { ...at, flow: level.flows.of(schema.metadata.name ?? '', distinguisher) }
    known.flows.set(at, classification)
    return classification
  }
}

function byPrecedence(a: FlowSchema, b: FlowSchema): number {
  const [first, second] = [a.metadata.name ?? '', b.metadata.name ?? '']
  return a.spec.matchingPrecedence - b.spec.matchingPrecedence || (first < second ? -1 : first > second ? 1 : 0)
}

function firstMatch(candidates: readonly Candidate[], info: RequestInfo): SchemaAtLevel | undefined {
  return candidates.find(({ rules }) => rules.some(rule => matches(rule, info)))
}

const accountPrefix = 'system:serviceaccount:'

function isSubject({ name, groups }: UserInfo, subject: Subject): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user !== undefined && (subject.user.name === '*' || subject.user.name === name)
    case 'Group':
      return subject.group !== undefined && (subject.group.name === '*' || groups.includes(subject.group.name))
    case 'ServiceAccount': {
      if (subject.serviceAccount === undefined) return false
      const { namespace, name: account } = subject.serviceAccount
      return account === '*' ? name.startsWith(`${accountPrefix}${namespace}:`) : name === `${accountPrefix}${namespace}:${account}`
    }
    default:
      return false
  }
}

const holds = (list: readonly string[], value: string): boolean => list.includes(value) || (list.length === 1 && list[0] === '*')

function matches({ resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects, info: RequestInfo): boolean {
  if (info.isResource) return resourceRules.some(rule => matchesResource(rule, info))
  return nonResourceRules.some(
    ({ verbs, nonResourceURLs }) => holds(verbs, info.verb) && nonResourceURLs.some(url => underUrl(url, info.path)),
  )
}

function matchesResource(rule: ResourcePolicyRule, { verb, group, resource, subresource, namespace }: ResourceRequestInfo): boolean {
  if (!holds(rule.verbs, verb) || !holds(rule.apiGroups, group)) return false
  if (!holds(rule.resources, combinedResource(resource, subresource))) return false
  return namespace === '' ? rule.clusterScope === true : holds(rule.namespaces ?? [], namespace)
}

/** As upstream matches paths here: `/healthz` includes everything below it. */
function underUrl(url: string, path: string): boolean {
  if (url === '*' || url === path) return true
  const start = url.endsWith('*') ? url.slice(0, -1) : url
  return path.startsWith(start.endsWith('/') ? start : `${start}/`)
}
