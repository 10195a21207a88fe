// Deprecated node annotations: taints, and controllers whose pods the node would rather not run. Nothing reads them any more, but upstream
// still validates them.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import { parseJsonBytes } from '../../schema/decode.ts'
import type { Taint } from '../../types/core-v1.ts'
import { readStructures } from '../../validation/json-structures.ts'
import { validateTaints } from '../../validation/pod/pod-placement.ts'

const taintsKey = 'scheduler.alpha.kubernetes.io/taints'
const avoidKey = 'scheduler.alpha.kubernetes.io/preferAvoidPods'
const taintShape = { go: 'core.Taint', texts: ['key', 'value', 'effect'] }

export function validateNodeAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
  errors: FieldError[],
): void {
  const taints = annotations?.[taintsKey]
  if (taints) {
    const read = readStructures<Taint>(taints, taintShape)
    if (read.ok) validateTaints(read.items, `${path}.${taintsKey}`, errors)
    else errors.push(invalidValue(path, taintsKey, read.problem))
  }
  const avoided = annotations?.[avoidKey]
  if (avoided) validateAvoided(avoided, path, errors)
}

function validateAvoided(text: string, path: string, errors: FieldError[]): void {
  const parsed = parseJsonBytes(Buffer.from(text))
  if (!parsed.ok) {
    errors.push(invalidValue(`${path}.AvoidPods`, avoidKey, parsed.message))
    return
  }
  const entries = member(parsed.value, 'preferAvoidPods')
  if (!Array.isArray(entries)) return
  entries.forEach((entry: unknown, index) => {
    const at = `${path}.${avoidKey}[${index}].PodSignature`
    const controller = member(member(entry, 'podSignature'), 'podController')
    if (controller === undefined || controller === null) errors.push(required(at))
    else if (member(controller, 'controller') !== true) {
      errors.push(invalidValue(`${at}.PodController.Controller`, false, 'must point to a controller'))
    }
  })
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined
}
