// The common parts of validating and mutating policies.
import { isDeepStrictEqual } from 'node:util'
import { isIdentifier } from '../../cel/kubernetes/field-names.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { ParamKind } from '../../types/admissionregistration-v1.ts'
import { dns1035Label, dns1123Subdomain } from '../../validation/names.ts'
import { validateMatchConditions } from './match-condition.ts'
import { PolicyExpressions, type PolicySpec } from './policy-expressions.ts'
import { failurePolicies, setMatchResourcesDefaults, validateMatchResources } from './rule.ts'

export function paramKindCell(kind: ParamKind | undefined): string {
  return kind === undefined ? '<unset>' : `${kind.apiVersion}/${kind.kind}`
}

export function setPolicyDefaults(spec: PolicySpec): void {
  spec.failurePolicy ??= 'Fail'
  if (spec.matchConstraints !== undefined) setMatchResourcesDefaults(spec.matchConstraints)
}

/** Validates all of a policy but its actions; returns the scopes for their expressions. `old` is the stored policy. */
export function validatePolicySpec(spec: PolicySpec, old: PolicySpec | undefined, errors: FieldError[]): PolicyExpressions {
  const { failurePolicy, matchConstraints } = spec
  if (failurePolicy === undefined) errors.push(required('spec.failurePolicy'))
  else if (!failurePolicies.includes(failurePolicy)) errors.push(notSupported('spec.failurePolicy', failurePolicy, failurePolicies))
  if (spec.paramKind !== undefined) validateParamKind(spec.paramKind, errors)
  if (matchConstraints === undefined) {
    errors.push(required('spec.matchConstraints'))
  } else {
    validateMatchResources(matchConstraints, 'spec.matchConstraints', errors)
    if ((matchConstraints.resourceRules ?? []).length === 0) errors.push(required('spec.matchConstraints.resourceRules'))
  }
  const expressions = new PolicyExpressions(spec, old)
  if (old === undefined || conditionsMayChange(spec, old)) {
    const scope = { params: expressions.params, stored: expressions.storedConditions }
    validateMatchConditions(spec.matchConditions, 'spec.matchConditions', errors, scope)
  }
  spec.variables?.forEach(({ name, expression }, index) => {
    if (name.trim() === '') errors.push(required(`spec.variables[${index}].name`, 'name is not specified'))
    else if (!isIdentifier(name)) {
      errors.push(invalidValue(`spec.variables[${index}].name`, name, 'name is not a valid CEL identifier'))
    }
    if (expression.trim() === '') errors.push(required(`spec.variables[${index}].expression`, 'expression is not specified'))
    else expressions.variable(name, expression, `spec.variables[${index}].expression`, errors)
  })
  return expressions
}

/** Unchanged conditions, with the same parameters, are not validated again. */
function conditionsMayChange(spec: PolicySpec, old: PolicySpec): boolean {
  return !isDeepStrictEqual(spec.paramKind, old.paramKind) || !isDeepStrictEqual(spec.matchConditions, old.matchConditions)
}

function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, errors: FieldError[]): void {
  const field = 'spec.paramKind'
  const parts = apiVersion.split('/')
  if (apiVersion === '') {
    errors.push(required(`${field}.apiVersion`))
  } else if (parts.length > 2) {
    errors.push(invalidValue(`${field}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  } else {
    const group = parts.length === 2 ? (parts[0] ?? '') : ''
    const version = parts.at(-1) ?? ''
    const wrongGroup = group === '' ? [] : dns1123Subdomain(group)
    if (wrongGroup.length > 0) errors.push(invalidValue(`${field}.apiVersion`, group, wrongGroup.join(',')))
    const wrongVersion = dns1035Label(version)
    if (version === '') errors.push(invalidValue(`${field}.apiVersion`, apiVersion, 'version must be specified'))
    else if (wrongVersion.length > 0) errors.push(invalidValue(`${field}.apiVersion`, version, wrongVersion.join(',')))
  }
  if (kind === '') {
    errors.push(required(`${field}.kind`))
    return
  }
  const wrong = dns1035Label(kind.toLowerCase())
  if (wrong.length > 0) {
    errors.push(invalidValue(`${field}.kind`, kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`))
  }
}
