// Whether one RBAC rule allows a request: the complete semantics of PolicyRule in one place.
import type { Attributes } from '../access.ts'
import type { PolicyRule } from './rbac-object.ts'

const has = (list: readonly string[] | undefined, value: string): boolean => list?.includes(value) ?? false
const wildcardOr = (list: readonly string[] | undefined, value: string): boolean => has(list, '*') || has(list, value)

/** `pods/log` for a subresource, else `pods`. */
export function combinedResource(resource: string, subresource: string): string {
  return subresource === '' ? resource : `${resource}/${subresource}`
}

/** The plain evaluation of one rule; the index of a role must agree with it. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!wildcardOr(rule.verbs, attributes.verb)) return false
  if (!attributes.isResource) return (rule.nonResourceURLs ?? []).some(url => urlMatches(url, attributes.path))
  return (
    wildcardOr(rule.apiGroups, attributes.group) &&
    resourceMatches(rule.resources ?? [], attributes.resource, attributes.subresource) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(attributes.name))
  )
}

/** `*` matches every path; a trailing `*` matches every path with that prefix. */
export function urlMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1))
}

// `*` matches every resource with its subresources, and with a slash and `log` that subresource of every resource.
export function resourceMatches(resources: readonly string[], resource: string, subresource: string): boolean {
  const combined = combinedResource(resource, subresource)
  return resources.some(entry => entry === '*' || entry === combined || (subresource !== '' && entry === `*/${subresource}`))
}
