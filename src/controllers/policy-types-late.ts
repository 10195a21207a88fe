// Finds expressions of a policy that cannot work on the kinds that it matches: compiles them again with the types of these kinds. In a file
// of its own, which is loaded with the first policy: types and engine take megabytes.

import { compileAdmission } from '../api/cel/kubernetes/admission.ts'
import { typeOfVariable } from '../api/cel/kubernetes/admission-types.ts'
import { builtInType } from '../api/cel/kubernetes/built-in-type.ts'
import { declareSchema } from '../api/cel/kubernetes/schema-declaration.ts'
import type { CelType } from '../api/cel/values/type.ts'
import { groupVersion } from '../api/object.ts'
import { resources } from '../api/resources/index.ts'
import { type GroupVersionKind, schemaFor } from '../api/schema/model.ts'
import type { ExpressionWarning, Rule, ValidatingAdmissionPolicySpec } from '../api/types/admissionregistration-v1.ts'
import type { JSONSchemaProps } from '../api/types/apiextensions-v1.ts'

/** Limit of kinds that one policy is checked against. */
const maxTypesToCheck = 10

/** Kinds that are not built in, by `group/version/plural`, with their schemas. */
export type CustomTypes = ReadonlyMap<string, { readonly kind: string; readonly schema: JSONSchemaProps }>

/** As upstream, only messages and validations are checked; a rule with a wildcard implies no types. */
export function typeWarnings(spec: ValidatingAdmissionPolicySpec, custom: CustomTypes = new Map()): ExpressionWarning[] {
  const kinds = kindsOf(spec, custom)
  const params = typeOf(paramKind(spec))
  return (spec.validations ?? []).flatMap(({ expression, messageExpression = '' }, index) => {
    const at = `spec.validations[${index}]`
    return [
      ...warning(`${at}.expression`, expression, spec, kinds, params),
      ...(messageExpression === '' ? [] : warning(`${at}.messageExpression`, messageExpression, spec, kinds, params)),
    ]
  })
}

function warning(
  fieldRef: string,
  expression: string,
  spec: ValidatingAdmissionPolicySpec,
  kinds: readonly TypedKind[],
  params: CelType | undefined,
): ExpressionWarning[] {
  const problems = kinds.flatMap(({ kind, type }) => {
    const problem = type === undefined ? undefined : problemOf(expression, spec, type, params)
    // The core group has no name here, and upstream keeps its slash.
    return problem === undefined ? [] : [`${kind.group}/${kind.version}, Kind=${kind.kind}: ${problem}\n`]
  })
  return problems.length === 0 ? [] : [{ fieldRef, warning: problems.join('\n') }]
}

function problemOf(
  expression: string,
  spec: ValidatingAdmissionPolicySpec,
  object: CelType,
  params: CelType | undefined,
): string | undefined {
  const types = { object, ...(params === undefined ? {} : { params }) }
  const scope = { params: spec.paramKind !== undefined, authorizer: true, stored: true, types }
  const variables = new Map<string, CelType>()
  for (const { name, expression: text } of spec.variables ?? []) {
    const compiled = compileAdmission(text, 'variable', { ...scope, variables: new Map(variables) })
    variables.set(name, typeOfVariable(compiled.ok ? compiled.type : undefined))
  }
  // Its result type was validated when it was written.
  const compiled = compileAdmission(expression, 'variable', { ...scope, variables })
  // An expression that cannot be made a program was rejected when it was written.
  return compiled.ok ? undefined : compiled.issues
}

function typeOf(kind: GroupVersionKind | undefined): CelType | undefined {
  const schema = kind && schemaFor(kind.group, kind.version, kind.kind)
  return schema && builtInType(schema)
}

function paramKind({ paramKind: kind }: ValidatingAdmissionPolicySpec): GroupVersionKind | undefined {
  const { apiVersion = '', kind: name = '' } = kind ?? {}
  const slash = apiVersion.indexOf('/')
  return kind === undefined
    ? undefined
    : { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1), kind: name }
}

interface TypedKind {
  readonly kind: GroupVersionKind
  readonly type: CelType | undefined
}

function kindsOf({ matchConstraints }: ValidatingAdmissionPolicySpec, custom: CustomTypes): readonly TypedKind[] {
  const found = new Map<string, TypedKind>()
  for (const rule of matchConstraints?.resourceRules ?? []) {
    let count = 0
    for (const typed of namedKinds(rule, custom)) {
      found.set(`${typed.kind.group}/${typed.kind.version}/${typed.kind.kind}`, typed)
      count++
      if (count === maxTypesToCheck) return sorted(found)
    }
  }
  return sorted(found)
}

const sorted = (kinds: ReadonlyMap<string, TypedKind>): readonly TypedKind[] =>
  [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind)

/** The group versions that rules name without wildcards and that are not built in: their schemas are needed before types are checked. */
export function customGroupVersions({ matchConstraints }: ValidatingAdmissionPolicySpec): readonly string[] {
  const builtIn = new Set(resources.map(({ group, version }) => groupVersion(group, version)))
  const named = (matchConstraints?.resourceRules ?? []).flatMap(rule => {
    const { apiGroups = [], apiVersions = [] } = rule
    return hasWildcard(rule) ? [] : apiGroups.flatMap(group => apiVersions.map(version => groupVersion(group, version)))
  })
  return [...new Set(named)].filter(name => name.includes('/') && !builtIn.has(name)).slice(0, maxTypesToCheck)
}

const hasWildcard = ({ apiGroups = [], apiVersions = [], resources: names = [] }: Rule): boolean =>
  [...apiGroups, ...apiVersions, ...names].some(name => name.includes('*'))

function namedKinds(rule: Rule, custom: CustomTypes): readonly TypedKind[] {
  const { apiGroups = [], apiVersions = [], resources: names = [] } = rule
  if (hasWildcard(rule)) return []
  const wanted = (list: readonly string[], value: string): boolean => list.includes(value)
  const builtIn = resources
    .filter(({ group, version, plural }) => wanted(apiGroups, group) && wanted(apiVersions, version) && wanted(names, plural))
    .map(({ group, version, kind }) => ({ kind: { group, version, kind }, type: typeOf({ group, version, kind }) }))
  const declared = [...custom].flatMap(([key, { kind, schema }]) => {
    const [group = '', version = '', plural = ''] = key.split('/')
    if (!wanted(apiGroups, group) || !wanted(apiVersions, version) || !wanted(names, plural)) return []
    return [{ kind: { group, version, kind }, type: declareSchema(schema, true)?.type }]
  })
  return [...builtIn, ...declared]
}
