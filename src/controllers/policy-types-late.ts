// Which expressions of a policy cannot work on the kinds that it is for: they are compiled once more, with the types of these kinds. In a file of
// its own that is loaded with the first policy: types and engine take megabytes.
import type { CelType } from '../api/cel/check/type.ts'
import { compileAdmission } from '../api/cel/kubernetes/admission.ts'
import { typeForOthers } from '../api/cel/kubernetes/admission-types.ts'
import { builtInType } from '../api/cel/kubernetes/built-in-type.ts'
import { groupVersion } from '../api/object.ts'
import { resources } from '../api/resources/index.ts'
import { type GroupVersionKind, schemaFor } from '../api/schema/model.ts'
import type { ExpressionWarning, Rule, ValidatingAdmissionPolicySpec } from '../api/types/admissionregistration-v1.ts'

/** Kinds that one policy is checked against. */
export const maxTypesToCheck = 10

/** Only messages and validations are checked, as upstream checks them; a rule with a wildcard says nothing of types. */
export function typeWarnings(spec: ValidatingAdmissionPolicySpec): ExpressionWarning[] {
  const kinds = kindsOf(spec)
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
  kinds: readonly GroupVersionKind[],
  params: CelType | undefined,
): ExpressionWarning[] {
  const problems = kinds.flatMap(kind => {
    const object = typeOf(kind)
    const problem = object === undefined ? undefined : problemOf(expression, spec, object, params)
    return problem === undefined ? [] : [`${groupVersion(kind.group, kind.version)}, Kind=${kind.kind}: ${problem}\n`]
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
    if (compiled.ok) variables.set(name, typeForOthers(compiled.type))
  }
  // What it evaluates to was judged when it was written.
  const compiled = compileAdmission(expression.trim(), 'variable', { ...scope, ...(variables.size === 0 ? {} : { variables }) })
  return compiled.ok ? undefined : compiled.detail
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

function kindsOf({ matchConstraints }: ValidatingAdmissionPolicySpec): readonly GroupVersionKind[] {
  const found = new Map<string, GroupVersionKind>()
  for (const rule of matchConstraints?.resourceRules ?? []) {
    let count = 0
    for (const kind of namedKinds(rule)) {
      found.set(`${kind.group}/${kind.version}/${kind.kind}`, kind)
      count++
      if (count === maxTypesToCheck) return sorted(found)
    }
  }
  return sorted(found)
}

const sorted = (kinds: ReadonlyMap<string, GroupVersionKind>): readonly GroupVersionKind[] =>
  [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind)

function namedKinds({ apiGroups = [], apiVersions = [], resources: names = [] }: Rule): readonly GroupVersionKind[] {
  if ([...apiGroups, ...apiVersions, ...names].some(name => name.includes('*'))) return []
  const wanted = (list: readonly string[], value: string): boolean => list.includes(value)
  return resources
    .filter(({ group, version, plural }) => wanted(apiGroups, group) && wanted(apiVersions, version) && wanted(names, plural))
    .map(({ group, version, kind }) => ({ group, version, kind }))
}
