// Computes the status of a CustomResourceDefinition: whether its names are accepted, and whether its objects are served.

import { acceptNames, type TakenNames } from '../../custom-resources/accepted-names.ts'
import { type Finding, isTrue, withCondition } from '../../custom-resources/conditions.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionStatus } from '../../types/apiextensions-v1.ts'
import { approvalFinding } from './api-approval.ts'
import { conversionBundleProblem } from './definition-validation.ts'

const established: Finding = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
}
const notAccepted: Finding = { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
const untrusted: Finding = {
  type: 'Established',
  status: 'False',
  reason: 'InvalidCABundle',
  message: 'The conversion webhook CABundle is invalid',
}

/** A definition stays established. */
export function planStatus(definition: CustomResourceDefinition, taken: TakenNames, now: number): CustomResourceDefinitionStatus {
  const { names, finding } = acceptNames(definition, taken)
  const before = definition.status
  const approval = approvalFinding(definition)
  const findings: Finding[] = [
    ...(approval === undefined ? [] : [approval]),
    finding,
    ...(isTrue(before, 'Established') ? [] : [establishedFinding(definition, finding)]),
  ]
  let conditions = before?.conditions ?? []
  for (const one of findings) conditions = withCondition(conditions, one, now)
  return { ...before, conditions, acceptedNames: names, storedVersions: before?.storedVersions ?? null }
}

function establishedFinding(definition: CustomResourceDefinition, names: Finding): Finding {
  if (names.status !== 'True') return notAccepted
  return conversionBundleProblem(definition) === undefined ? established : untrusted
}
