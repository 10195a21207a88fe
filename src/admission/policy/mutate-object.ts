// One mutation of a policy: evaluates it and applies the result to the object.

import { requestBudget } from '../../api/cel/kubernetes/limits.ts'
import { configurationOf, operationsOf, PatchValueError } from '../../api/cel/kubernetes/patch-json.ts'
import { customTypedProblems } from '../../api/custom-resources/schema/typed-problems.ts'
import type { KubeObject } from '../../api/object.ts'
import { applyOver, type ConfigurationType } from '../../api/patch/apply/apply-over.ts'
import { shapeOfStruct } from '../../api/patch/apply/shape.ts'
import { typedProblems } from '../../api/patch/apply/typed-problems.ts'
import { applyJsonPatch, TestFailed } from '../../api/patch/json-patch.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { schemaFor } from '../../api/schema/model.ts'
import { ApiError } from '../../api/status.ts'
import { parseExactJson } from '../../base/exact-json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest } from '../admission.ts'
import { changeObject } from '../request-change.ts'
import { isOfOtherKind, kindIn, versioned } from '../request-facts.ts'
import type { CompiledMutation } from './compile-mutations.ts'
import { type Bindings, Budget, evaluated, OutOfBudget } from './expression.ts'
import type { Meter } from './meter.ts'

/** It could not be evaluated or applied: the failure policy decides. */
export class MutationError extends Error {
  /** The name in upstream's metric. */
  readonly type: 'compile_error' | 'invalid_error' | 'out_of_budget'

  constructor(message: string, type: MutationError['type'] = 'invalid_error') {
    super(message)
    this.name = 'MutationError'
    this.type = type
  }
}

export interface MutationInput {
  readonly request: AdmissionRequest
  /** The object of the request; it is changed in place. */
  readonly object: KubeObject
  /** The version of the resource that the policy's rules name. */
  readonly version: ResourceDefinition
  /** For errors. */
  readonly policy: string
  readonly meter: Meter
  bindingsWithin(budget: Budget): Bindings
}

/**
 * Whether it changed anything. Other requests have their turn in between. Throws a MutationError, or the ApiError of what is no object of
 * its kind any more, which refuses the request whatever the failure policy is, as upstream has it.
 */
export async function mutateObject({ use, expression }: CompiledMutation, input: MutationInput): Promise<boolean> {
  if (expression.program === undefined) throw new MutationError(expression.problem, 'compile_error')
  const { request, object, version, policy, meter, bindingsWithin } = input
  const budget = new Budget(requestBudget, meter)
  let value: Awaited<ReturnType<typeof expression.program.evaluate>>['value']
  try {
    const outcome = await evaluated(expression, bindingsWithin(budget), budget)
    if ('error' in outcome) throw new MutationError(outcome.error)
    value = outcome.value
  } catch (err) {
    throw err instanceof OutOfBudget ? new MutationError(err.message, 'out_of_budget') : err
  }
  const shown: unknown = parseExactJson(writeJson(versioned(request, object, version)))
  try {
    const wanted = use === 'JSONPatch' ? patched(shown, operationsOf(value)) : applied(shown, configurationOf(value), request, version)
    if (wanted === shown) return false
    // A custom kind has no unknown fields: they are dropped.
    const fields = use === 'JSONPatch' && version.custom === undefined ? 'Strict' : 'Ignore'
    const { changed, length } = changeObject(request, object, {
      by: `MutatingAdmissionPolicy ${writeJson(policy)}`,
      version,
      wanted,
      fields,
    })
    // About as many units as the time for the work on the object.
    meter.spend({ cost: 0, work: length })
    return changed
  } catch (err) {
    throw err instanceof PatchValueError ? new MutationError(err.message) : err
  }
}

/** The object itself if a `test` fails. */
function patched(object: unknown, operations: readonly unknown[]): unknown {
  if (operations.length === 0) return object
  try {
    return applyJsonPatch(object, operations)
  } catch (err) {
    if (!(err instanceof ApiError)) throw err
    if (err.cause instanceof TestFailed) return object
    throw new MutationError(`JSONPath: ${err.cause instanceof Error ? err.cause.message : err.message}`)
  }
}

function applied(
  object: unknown,
  config: Readonly<Record<string, unknown>>,
  request: AdmissionRequest,
  version: ResourceDefinition,
): unknown {
  // The configuration is always of the object's own kind.
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = config
  if (Object.keys(rest).length === 0) return object
  const result = applyOver(object, rest, typeOf(request, version))
  if (!result.ok) throw new MutationError(`error applying patch: ${result.problem}`)
  return result.value
}

function typeOf(request: AdmissionRequest, version: ResourceDefinition): ConfigurationType {
  const custom = isOfOtherKind(request) ? undefined : version.custom
  if (custom !== undefined) return { shape: custom.shape, problems: config => customTypedProblems(config, custom.schema()) }
  const { group, version: name, kind } = kindIn(request, version)
  const type = schemaFor(group, name, kind)
  if (type === undefined) throw new Error(`${kind} has no schema`)
  return { shape: shapeOfStruct(type), problems: config => typedProblems(config, type) }
}
