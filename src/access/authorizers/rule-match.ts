// Whether one RBAC rule, or one compiled role, allows a request: the whole semantic of PolicyRule in one place.
import type { Attributes } from '../access.ts'
import type { PolicyRule } from '../rbac-object.ts'

const has = (list: readonly string[] | undefined, value: string): boolean => list?.includes(value) ?? false
const wildcardOr = (list: readonly string[] | undefined, value: string): boolean => has(list, '*') || has(list, value)

/** `pods/log` for a subresource, else `pods`. */
export function combinedResource(resource: string, subresource: string): string {
  return subresource === '' ? resource : `${resource}/${subresource}`
}

/** The plain evaluation of one rule; what compiled roles must agree with. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!wildcardOr(rule.verbs, attributes.verb)) return false
  if (!attributes.isResource) return (rule.nonResourceURLs ?? []).some(url => urlMatches(url, attributes.path))
  return (
    wildcardOr(rule.apiGroups, attributes.group) &&
    resourceMatches(rule.resources ?? [], attributes.resource, attributes.subresource) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(attributes.name))
  )
}

/** `*` is every path; a trailing `*` is every path with that beginning. */
function urlMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1))
}

function resourceMatches(resources: readonly string[], resource: string, subresource: string): boolean {
  const combined = combinedResource(resource, subresource)
  return resources.some(entry => entry === '*' || entry === combined || (subresource !== '' && entry === `*/${subresource}`))
}

interface CompiledRule {
  readonly verbs: ReadonlySet<string> | undefined
  readonly groups: ReadonlySet<string> | undefined
  readonly names: ReadonlySet<string> | undefined
}

/** A role whose rules are found by resource instead of one after the other. Immutable: a changed role is compiled anew. */
export interface CompiledRole {
  readonly rules: readonly PolicyRule[]
  allows(attributes: Attributes): boolean
}

const orAll = (list: readonly string[] | undefined): ReadonlySet<string> | undefined => (has(list, '*') ? undefined : new Set(list ?? []))

export function compileRole(rules: readonly PolicyRule[]): CompiledRole {
  const byResource = new Map<string, CompiledRule[]>()
  const urlRules: { readonly verbs: ReadonlySet<string> | undefined; readonly urls: readonly string[] }[] = []
  for (const rule of rules) {
    const verbs = orAll(rule.verbs)
    if (rule.nonResourceURLs && rule.nonResourceURLs.length > 0) urlRules.push({ verbs, urls: rule.nonResourceURLs })
    const names = rule.resourceNames && rule.resourceNames.length > 0 ? new Set(rule.resourceNames) : undefined
    const compiled = { verbs, groups: orAll(rule.apiGroups), names }
    for (const resource of new Set(rule.resources ?? [])) {
      const list = byResource.get(resource)
      if (list) list.push(compiled)
      else byResource.set(resource, [compiled])
    }
  }
  const anyResource = byResource.get('*')
  return {
    rules,
    allows(attributes) {
      const { verb, resource, subresource } = attributes
      if (!attributes.isResource) {
        return urlRules.some(rule => (rule.verbs?.has(verb) ?? true) && rule.urls.some(url => urlMatches(url, attributes.path)))
      }
      if (anyAllows(anyResource, attributes)) return true
      if (subresource === '') return anyAllows(byResource.get(resource), attributes)
      return (
        anyAllows(byResource.get(`${resource}/${subresource}`), attributes) || anyAllows(byResource.get(`*/${subresource}`), attributes)
      )
    },
  }
}

function anyAllows(rules: readonly CompiledRule[] | undefined, { verb, group, name }: Attributes): boolean {
  if (rules === undefined) return false
  for (const rule of rules) {
    if ((rule.verbs?.has(verb) ?? true) && (rule.groups?.has(group) ?? true) && (rule.names?.has(name) ?? true)) return true
  }
  return false
}
