// When a Job with indexes counts as succeeded before all of them have.

import { type FieldError, invalidValue, required, tooMany } from '../../field-error.ts'
import type { JobSpec, SuccessPolicy, SuccessPolicyRule } from '../../types/batch-v1.ts'
import { exceedsBytes } from '../../validation/byte-length.ts'
import { goList, goString, goStruct, invalidShown } from '../../validation/go-syntax.ts'
import { validateNonnegative } from '../apps/pod-owner.ts'
import { countIndexes } from './index-list.ts'

const maxRules = 20
const maxIndexesLength = 64 * 1024

export function validateSuccessPolicy(policy: SuccessPolicy, spec: JobSpec, field: string, errors: FieldError[]): void {
  if (spec.completionMode !== 'Indexed') {
    errors.push(invalidShown(field, goPolicy(policy), 'requires indexed completion mode'))
    return
  }
  const rules = policy.rules ?? []
  if (rules.length === 0)
    errors.push(required(`${field}.rules`, 'at least one rules must be specified when the successPolicy is specified'))
  if (rules.length > maxRules) errors.push(tooMany(`${field}.rules`, rules.length, maxRules))
  rules.forEach((rule, index) => {
    validateRule(rule, spec.completions ?? 0, `${field}.rules[${index}]`, errors)
  })
}

function validateRule(rule: SuccessPolicyRule, completions: number, field: string, errors: FieldError[]): void {
  const { succeededCount, succeededIndexes } = rule
  if (succeededCount === undefined && succeededIndexes === undefined) {
    errors.push(required(field, 'at least one of succeededCount or succeededIndexes must be specified'))
  }
  let indexes: number | undefined
  if (succeededIndexes !== undefined) {
    if (exceedsBytes(succeededIndexes, maxIndexesLength)) {
      errors.push({
        type: 'FieldValueTooLong',
        field: `${field}.succeededIndexes`,
        message: `Too long: may not be more than ${maxIndexesLength} bytes`,
      })
    }
    const counted = countIndexes(succeededIndexes, completions)
    if (typeof counted === 'number') indexes = counted
    else {
      errors.push(invalidValue(`${field}.succeededIndexes`, succeededIndexes, `error parsing succeededIndexes: ${counted}`))
    }
  }
  if (succeededCount === undefined) return
  validateNonnegative(succeededCount, `${field}.succeededCount`, errors)
  if (succeededCount > completions) {
    errors.push(
      invalidValue(
        `${field}.succeededCount`,
        succeededCount,
        `must be less than or equal to ${completions} (the number of specified completions)`,
      ),
    )
  }
  if (indexes !== undefined && succeededCount > indexes) {
    errors.push(
      invalidValue(
        `${field}.succeededCount`,
        succeededCount,
        `must be less than or equal to ${indexes} (the number of indexes in the specified succeededIndexes field)`,
      ),
    )
  }
}

function goPolicy({ rules }: SuccessPolicy): string {
  const show = ({ succeededIndexes: indexes, succeededCount: count }: SuccessPolicyRule): string =>
    goStruct('batch.SuccessPolicyRule', {
      SucceededIndexes: `(*string)(${indexes === undefined ? 'nil' : goString(indexes)})`,
      SucceededCount: `(*int32)(${count ?? 'nil'})`,
    })
  return goStruct('batch.SuccessPolicy', { Rules: goList('batch.SuccessPolicyRule', rules, show) })
}
