// Which requests a webhook or policy matches.
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { MatchResources, NamedRuleWithOperations, Rule, RuleWithOperations } from '../../types/admissionregistration-v1.ts'
import { goStrings, invalidShown } from '../../validation/go-syntax.ts'
import { validateLabelSelector } from '../../validation/label-selector.ts'
import { nameIsPathSegment } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { repetition } from '../../validation/repetition.ts'

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const mutableOperations = operations.filter(operation => operation !== 'DELETE')
const scopes = ['*', 'Cluster', 'Namespaced']
export const matchPolicies: readonly string[] = ['Equivalent', 'Exact']
export const failurePolicies: readonly string[] = ['Fail', 'Ignore']

export function setMatchResourcesDefaults(match: MatchResources): void {
  match.matchPolicy ??= 'Equivalent'
  match.namespaceSelector ??= {}
  match.objectSelector ??= {}
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*'
}

export function validateMatchResources(match: MatchResources, field: string, errors: FieldError[]): void {
  if (match.matchPolicy === undefined) errors.push(required(`${field}.matchPolicy`))
  else if (!matchPolicies.includes(match.matchPolicy)) {
    errors.push(notSupported(`${field}.matchPolicy`, match.matchPolicy, matchPolicies))
  }
  if (match.namespaceSelector === undefined) errors.push(required(`${field}.namespaceSelector`))
  validateLabelSelector(match.namespaceSelector, `${field}.namespaceSelector`, errors)
  if (match.objectSelector === undefined) errors.push(required(`${field}.objectSelector`))
  validateLabelSelector(match.objectSelector, `${field}.objectSelector`, errors)
  match.resourceRules?.forEach((rule, index) => {
    validateNamedRule(rule, `${field}.resourceRules[${index}]`, errors)
  })
  match.excludeResourceRules?.forEach((rule, index) => {
    validateNamedRule(rule, `${field}.excludeResourceRules[${index}]`, errors)
  })
}

/** Operations of a mutating policy: a deleted object is not changed. */
export function validateMutableOperations(match: MatchResources | undefined, field: string, errors: FieldError[]): void {
  for (const operation of (match?.resourceRules ?? []).flatMap(rule => rule.operations ?? [])) {
    if (!mutableOperations.includes(operation)) errors.push(notSupported(`${field}.resourceRules.operations`, operation, mutableOperations))
  }
}

function validateNamedRule(rule: NamedRuleWithOperations, field: string, errors: FieldError[]): void {
  const isRepeated = repetition<string>()
  rule.resourceNames?.forEach((name, index) => {
    pushMessages(errors, `${field}.resourceNames[${index}]`, name, nameIsPathSegment(name, false))
    if (isRepeated(name)) errors.push(duplicate(`${field}.resourceNames[${index}]`, name))
  })
  validateRuleWithOperations(rule, field, errors)
}

export function validateRuleWithOperations(rule: RuleWithOperations, field: string, errors: FieldError[]): void {
  const wanted = rule.operations ?? []
  if (wanted.length === 0) errors.push(required(`${field}.operations`))
  if (wanted.length > 1 && wanted.includes('*')) {
    const shown = goStrings(wanted, 'admissionregistration.OperationType')
    errors.push(invalidShown(`${field}.operations`, shown, "if '*' is present, must not specify other operations"))
  }
  wanted.forEach((operation, index) => {
    if (!operations.includes(operation)) errors.push(notSupported(`${field}.operations[${index}]`, operation, operations))
  })
  validateRule(rule, field, errors)
}

function validateRule({ apiGroups = [], apiVersions = [], resources = [], scope }: Rule, field: string, errors: FieldError[]): void {
  if (apiGroups.length === 0) errors.push(required(`${field}.apiGroups`))
  if (apiGroups.length > 1 && apiGroups.includes('*')) {
    errors.push(invalidValue(`${field}.apiGroups`, apiGroups, "if '*' is present, must not specify other API groups"))
  }
  if (apiVersions.length === 0) errors.push(required(`${field}.apiVersions`))
  if (apiVersions.length > 1 && apiVersions.includes('*')) {
    errors.push(invalidValue(`${field}.apiVersions`, apiVersions, "if '*' is present, must not specify other API versions"))
  }
  apiVersions.forEach((version, index) => {
    if (version === '') errors.push(required(`${field}.apiVersions[${index}]`))
  })
  validateResources(resources, `${field}.resources`, errors)
  if (scope !== undefined && !scopes.includes(scope)) errors.push(notSupported(`${field}.scope`, scope, scopes))
}

/** An entry must not repeat what an earlier wildcard entry covers. */
function validateResources(resources: readonly string[], field: string, errors: FieldError[]): void {
  if (resources.length === 0) errors.push(required(field))
  const wholeResources = new Set<string>()
  const wholeSubresources = new Set<string>()
  let plain = false
  resources.forEach((entry, index) => {
    const path = `${field}[${index}]`
    if (entry === '') {
      errors.push(required(path))
      return
    }
    const slash = entry.indexOf('/')
    if (slash < 0) {
      plain = entry !== '*'
      return
    }
    const resource = entry.slice(0, slash)
    const subresource = entry.slice(slash + 1)
    if (wholeResources.has(resource)) {
      errors.push(invalidValue(path, entry, `if '${resource}/*' is present, must not specify ${entry}`))
    }
    if (wholeSubresources.has(subresource)) {
      errors.push(invalidValue(path, entry, `if '*/${subresource}' is present, must not specify ${entry}`))
    }
    if (subresource === '*') wholeResources.add(resource)
    if (resource === '*') wholeSubresources.add(subresource)
  })
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(invalidValue(field, resources, "if '*/*' is present, must not specify other resources"))
  }
  if (resources.includes('*') && plain) {
    errors.push(invalidValue(field, resources, "if '*' is present, must not specify other resources without subresources"))
  }
}
