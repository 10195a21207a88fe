// What DenyRules take from the rights that roles give: in reviews of rules, and where a user grants its rights to others.
import { goQuotedList } from '../../api/go-text/go-quote.ts'
import type { UserInfo } from '../../api/user.ts'
import { writeJson } from '../../base/write-json.ts'
import { type DenyRules, denialText } from '../authorizers/deny-rules.ts'
import type { CompiledDenyRule } from '../rules/deny-rule.ts'
import type { PolicyRule } from '../rules/rbac-object.ts'
import { urlMatches } from '../rules/rule-match.ts'

export type ConcerningRules = Pick<DenyRules, 'concerning'>

/** Limit of pairs of rules compared where a user grants rights. Beyond it the grant is refused. */
export const maxPairsCompared = 20_000
/** Limit of words compared where a user grants rights: pairs of rules of many words each. */
const maxWordsCompared = 2_000_000
/** Limit of DenyRules that a review names. */
const maxNamed = 10

/**
 * Why the user may not grant these rules although roles give them: a DenyRule refuses it a part of them. In the namespace, or everywhere for ''.
 * Undefined if none does.
 */
export function deniedGrant(
  denyRules: ConcerningRules,
  user: UserInfo,
  namespace: string,
  wanted: readonly PolicyRule[],
): string | undefined {
  let pairs = maxPairsCompared
  let words = maxWordsCompared
  for (const denied of denyRules.concerning(user)) {
    if (denied.namespaces !== undefined && namespace !== '' && !denied.namespaces.has(namespace)) continue
    for (const rule of denied.rules) {
      for (const right of wanted) {
        words -= wordsOf(rule) * Math.max(1, (right.resources ?? []).length)
        if (pairs-- === 0 || words < 0) return 'the rules are too many to be compared with the DenyRules that concern this user'
        if (overlap(rule, right)) return `a part of the rules is ${denialText(denied)}`
      }
    }
  }
  return undefined
}

const wordsOf = ({ resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): number =>
  1 + resources.length + resourceNames.length + nonResourceURLs.length

/** Whether there is a request that both rules are about. */
function overlap(a: PolicyRule, b: PolicyRule): boolean {
  if (!shares(a.verbs, b.verbs)) return false
  const [urls, otherUrls] = [a.nonResourceURLs ?? [], b.nonResourceURLs ?? []]
  if (urls.some(one => otherUrls.some(other => urlMatches(one, other) || urlMatches(other, one)))) return true
  if (!shares(a.apiGroups ?? [], b.apiGroups ?? [])) return false
  const [names, otherNames] = [a.resourceNames ?? [], new Set(b.resourceNames ?? [])]
  if (names.length > 0 && otherNames.size > 0 && !names.some(name => otherNames.has(name))) return false
  return (a.resources ?? []).some(one => (b.resources ?? []).some(other => resourcesOverlap(one, other)))
}

function shares(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0 || b.length === 0) return false
  if (a.includes('*') || b.includes('*')) return true
  const others = new Set(b)
  return a.some(word => others.has(word))
}

/** `*`, `pods`, `pods/log` and `*` + `/log`. */
function resourcesOverlap(one: string, other: string): boolean {
  if (one === '*' || other === '*' || one === other) return true
  const [a, sub = ''] = one.split('/', 2)
  const [b, otherSub = ''] = other.split('/', 2)
  return sub !== '' && sub === otherSub && (a === '*' || b === '*')
}

export interface CutRules {
  readonly rules: readonly PolicyRule[]
  /** What the list does not show; undefined if no DenyRule concerns the user here. */
  readonly note: string | undefined
}

/**
 * The rules without what a DenyRule refuses as a whole: a resource of one rule with verbs that are refused for each of its groups and all names. What
 * is refused in part stays, and the note names the DenyRules.
 */
export function withoutDenied(denyRules: ConcerningRules, user: UserInfo, namespace: string, rules: readonly PolicyRule[]): CutRules {
  const names: string[] = []
  let more = 0
  let left = rules
  let pairs = maxPairsCompared
  for (const denied of denyRules.concerning(user)) {
    if (denied.namespaces !== undefined && !denied.namespaces.has(namespace)) continue
    if (names.length < maxNamed) names.push(denied.name)
    else more++
    pairs -= denied.rules.length * left.length
    if (pairs >= 0) left = left.flatMap(rule => cut(rule, denied))
  }
  if (names.length === 0) return { rules, note: undefined }
  const others = more === 0 ? '' : ` and ${more} more`
  return { rules: left, note: `DenyRules ${goQuotedList(names)}${others} refuse some of the listed rules' requests` }
}

function cut(rule: PolicyRule, { rules }: CompiledDenyRule): readonly PolicyRule[] {
  if (rule.resources === undefined || rule.verbs.includes('*')) return rules.some(denied => coversAll(denied, rule)) ? [] : [rule]
  const kept = new Map<string, { readonly verbs: string[]; readonly resources: string[] }>()
  for (const resource of rule.resources) {
    const verbs = rule.verbs.filter(verb => !rules.some(denied => coversAll(denied, { ...rule, resources: [resource], verbs: [verb] })))
    if (verbs.length === 0) continue
    const key = writeJson(verbs)
    const same = kept.get(key) ?? { verbs, resources: [] }
    kept.set(key, same)
    same.resources.push(resource)
  }
  return [...kept.values()].map(parts => ({ ...rule, ...parts }))
}

/** Whether every request that `rule` is about is one of `denied`. */
function coversAll(denied: PolicyRule, rule: PolicyRule): boolean {
  const all = (list: readonly string[] | undefined, wanted: readonly string[]): boolean =>
    list !== undefined && (list.includes('*') || wanted.every(word => list.includes(word)))
  if ((denied.resourceNames ?? []).length > 0 || !all(denied.verbs, rule.verbs)) return false
  const { nonResourceURLs = [], resources = [] } = rule
  if (nonResourceURLs.length > 0)
    return nonResourceURLs.every(url => (denied.nonResourceURLs ?? []).some(pattern => urlMatches(pattern, url)))
  return (
    all(denied.apiGroups, rule.apiGroups ?? []) &&
    resources.every(resource => (denied.resources ?? []).some(pattern => resourceCovers(pattern, resource)))
  )
}

function resourceCovers(pattern: string, resource: string): boolean {
  if (pattern === '*' || pattern === resource) return true
  const slash = resource.indexOf('/')
  return slash > 0 && pattern === `*${resource.slice(slash)}`
}
