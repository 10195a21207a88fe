// Compiles `matchConstraints` and `matchResources`: rules, exclusions, selectors, and the other versions of a resource.

import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { compileLabelSelector, type LabelSelection } from '../../api/selectors/selector.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { MatchResources, NamedRuleWithOperations } from '../../api/types/admissionregistration-v1.ts'
import type { AdmissionRequest, Operation } from '../admission.ts'
import type { ServedKinds } from '../served-kinds.ts'
import { coversResource, matchesRule, targetOf } from './rule.ts'
import { namespaceLabels, objectMatches } from './selectors.ts'

export interface MatchContext {
  readonly reader: StoreReader
  readonly kinds: ServedKinds
}

export interface ResourceMatcher {
  /** Whether requests of this kind can match at all; the same for all of them, so it can be indexed. */
  covers(operation: Operation, resource: ResourceDefinition, subresource: string): boolean
  /**
   * The version of the resource that the rules name; undefined if they do not match the request. Throws the 404 of a missing namespace if
   * its labels are needed.
   */
  matches(request: AdmissionRequest): ResourceDefinition | undefined
}

export function compileMatchResources(match: MatchResources, context: MatchContext): ResourceMatcher {
  const { resourceRules = [], excludeResourceRules = [], matchPolicy } = match
  const equivalent = matchPolicy === 'Equivalent'
  const namespaces = selectionOf(match.namespaceSelector)
  const objects = selectionOf(match.objectSelector)
  const othersOf = (definition: ResourceDefinition) =>
    equivalent ? context.kinds.versionsOf(definition).filter(other => other !== definition) : []
  return {
    covers(operation, resource, subresource) {
      if (resourceRules.length === 0) return true
      const versions = [resource, ...othersOf(resource)]
      return resourceRules.some(rule => versions.some(version => coversResource(rule, operation, version, subresource)))
    },
    matches(request) {
      if (objects !== undefined && !objectMatches(request, objects)) return undefined
      const others = othersOf(request.resource)
      if (findRule(excludeResourceRules, request, others) !== undefined) return undefined
      const found = resourceRules.length === 0 ? request.resource : findRule(resourceRules, request, others)
      if (found === undefined || namespaces === undefined) return found
      const labels = namespaceLabels(request, context.reader)
      return labels === 'everywhere' || namespaces.matches(labels) ? found : undefined
    },
  }
}

/** Undefined for a selector that selects everything. */
function selectionOf(selector: MatchResources['namespaceSelector']): LabelSelection | undefined {
  const compiled = compileLabelSelector(selector ?? {})
  return compiled.requirements.length === 0 ? undefined : compiled
}

/** Rules that name the requested version take precedence over those that name another version; among the latter the first one counts. */
function findRule(
  rules: readonly NamedRuleWithOperations[],
  request: AdmissionRequest,
  others: readonly ResourceDefinition[],
): ResourceDefinition | undefined {
  const covers = (rule: NamedRuleWithOperations, resource: ResourceDefinition): boolean =>
    matchesRule(rule, targetOf(request, resource)) && namesObject(rule, request.name)
  if (rules.some(rule => covers(rule, request.resource))) return request.resource
  for (const rule of rules) {
    const other = others.find(resource => covers(rule, resource))
    if (other !== undefined) return other
  }
  return undefined
}

function namesObject({ resourceNames = [] }: NamedRuleWithOperations, name: string): boolean {
  return resourceNames.length === 0 || resourceNames.includes(name)
}
