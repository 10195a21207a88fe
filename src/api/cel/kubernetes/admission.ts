// Compiles admission expressions: match conditions of webhooks and policies, validations, messages, audit annotations, variables, mutations.
import type { Checked } from '../check/checker.ts'
import type { Variable } from '../check/declarations.ts'
import { type Environment, Program } from '../environment.ts'
import { CelCompileError } from '../issue.ts'
import { authorizerType, resourceCheckType } from '../library/opaque-types.ts'
import { CelProgramError } from '../values/failure.ts'
import { bool, type CelType, dyn, formatType, list, nullType, sameType, string } from '../values/type.ts'
import { namespaceType, requestType, variablesType } from './admission-types.ts'
import { newExpressions, newMutations, storedExpressions, storedMutations } from './base.ts'
import { applyConfigurationType, jsonPatchType } from './patch-types.ts'

/** The purpose of an expression, which determines its result type. */
export type AdmissionUse = 'condition' | 'message' | 'annotation' | 'variable' | MutationUse
/** An expression that returns a change of the object: a mutation's `patchType`. */
export type MutationUse = 'ApplyConfiguration' | 'JSONPatch'

const results: Readonly<Record<AdmissionUse, readonly CelType[] | undefined>> = {
  condition: [bool],
  message: [string],
  annotation: [string, nullType],
  variable: undefined,
  ApplyConfiguration: [applyConfigurationType],
  JSONPatch: [list(jsonPatchType)],
}

export interface AdmissionScope {
  /** Whether `params` exists. */
  readonly params: boolean
  /** Whether `authorizer` exists. */
  readonly authorizer: boolean
  /** The variables of a policy with their types; undefined for conditions of a webhook. */
  readonly variables?: ReadonlyMap<string, CelType>
  /** Whether the expression is already stored. */
  readonly stored: boolean
  /** Types of `object`, `oldObject` and `params`, if known: for warnings about expressions that will fail. */
  readonly types?: { readonly object: CelType; readonly params?: CelType }
}

export type AdmissionCompilation =
  | { readonly ok: true; readonly program: Program; readonly type: CelType }
  /** `internal` if the expression is well-formed but cannot be made a program; `issues` are only those of the compiler. */
  | { readonly ok: false; readonly internal: boolean; readonly detail: string; readonly issues?: string }

export function compileAdmission(expression: string, use: AdmissionUse, scope: AdmissionScope): AdmissionCompilation {
  try {
    const checked = environmentOf(scope, use === 'ApplyConfiguration' || use === 'JSONPatch').compile(expression)
    const wrong = wrongResult(checked, results[use])
    if (wrong !== undefined) return { ok: false, internal: false, detail: wrong }
    return { ok: true, program: new Program(checked), type: checked.type }
  } catch (err) {
    if (err instanceof CelCompileError) {
      return { ok: false, internal: false, detail: `compilation failed: ${err.message}`, issues: err.message }
    }
    if (err instanceof CelProgramError) return { ok: false, internal: true, detail: `program instantiation failed: ${err.message}` }
    throw err
  }
}

function wrongResult({ type }: Checked, wanted: readonly CelType[] | undefined): string | undefined {
  if (wanted === undefined || wanted.some(allowed => sameType(allowed, type))) return undefined
  const names = wanted.map(declaredName)
  const expected = names.length === 1 ? names[0] : `one of [${names.join(' ')}]`
  return `must evaluate to ${expected} but got ${declaredName(type)}`
}

/** The declared name of a type; a few differ from the names in checker messages. */
function declaredName(type: CelType): string {
  return type.params.length === 0 ? type.name : formatType(type)
}

const environments = new Map<string, Environment>()

/** Environments differ only by four switches, and the variables of a policy. */
function environmentOf({ params, authorizer, stored, variables, types }: AdmissionScope, mutates: boolean): Environment {
  const key = `${params}${authorizer}${stored}${mutates}`
  const base = mutates ? (stored ? storedMutations : newMutations) : stored ? storedExpressions : newExpressions
  const known = environments.get(key) ?? base().extend(variablesOf(params, authorizer))
  environments.set(key, known)
  const typed = types === undefined ? known : known.extend(typedVariables(types, params))
  return variables === undefined ? typed : typed.extend([{ name: 'variables', type: variablesType(variables) }])
}

function typedVariables({ object, params: type }: NonNullable<AdmissionScope['types']>, params: boolean): Variable[] {
  return [
    { name: 'object', type: object },
    { name: 'oldObject', type: object },
    ...(params && type !== undefined ? [{ name: 'params', type }] : []),
  ]
}

function variablesOf(params: boolean, authorizer: boolean): Variable[] {
  return [
    { name: 'object', type: dyn },
    { name: 'oldObject', type: dyn },
    { name: 'namespaceObject', type: namespaceType },
    { name: 'request', type: requestType },
    ...(params ? [{ name: 'params', type: dyn }] : []),
    ...(authorizer
      ? [
          { name: 'authorizer', type: authorizerType },
          { name: 'authorizer.requestResource', type: resourceCheckType },
        ]
      : []),
  ]
}
