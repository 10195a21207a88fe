// flowcontrol.apiserver.k8s.io/v1 FlowSchema.
import { writeJson } from '../../../base/write-json.ts'
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { FlowSchema } from '../../types/flowcontrol-v1.ts'
import { notSupportedShown } from '../../validation/go-syntax.ts'
import { dns1123Subdomain } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { validateFlowRule } from './flow-rule.ts'
import { validateFlowConditions, validateMandatoryFlowSchema } from './mandatory.ts'

const maxPrecedence = 10_000
const distinguishers = ['ByNamespace', 'ByUser']

export const flowSchema = defineResource<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  namespaced: false,
  validatesMetadata: ['whole'],
  countsGeneration: true,
  subresources: [
    statusSubresource<FlowSchema>({ keepsMetadata: true, validate: ({ status }) => validateFlowConditions(status?.conditions) }),
  ],
  columns: [
    nameColumn,
    { name: 'PriorityLevel', type: 'string', cell: ({ spec }) => spec.priorityLevelConfiguration.name },
    { name: 'MatchingPrecedence', type: 'string', cell: ({ spec }) => spec.matchingPrecedence },
    { name: 'DistinguisherMethod', type: 'string', cell: ({ spec }) => spec.distinguisherMethod?.type ?? '<none>' },
    ageColumn,
    { name: 'MissingPL', type: 'string', cell: missingLevelCell },
  ],
  // In matching order.
  rows: {
    compare: (a, b) =>
      a.spec.matchingPrecedence - b.spec.matchingPrecedence || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
  },
  setDefaults({ spec }) {
    spec.matchingPrecedence ||= 1000
  },
  prepareForCreate(object) {
    object.status = {}
  },
  prepare: keepStatus,
  validate,
})

function missingLevelCell({ status }: FlowSchema): string {
  return status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?'
}

function validate({ metadata, spec }: FlowSchema): FieldError[] {
  const errors: FieldError[] = []
  const { matchingPrecedence: precedence, distinguisherMethod } = spec
  const refuse = (detail: string): void => {
    errors.push(invalidValue('spec.matchingPrecedence', precedence, detail))
  }
  if (precedence <= 0) refuse('must be a positive value')
  if (precedence > maxPrecedence) refuse(`must not be greater than ${maxPrecedence}`)
  if (precedence === 1 && metadata.name !== 'exempt') refuse("only the schema named 'exempt' may have matchingPrecedence 1")
  if (distinguisherMethod !== undefined && !distinguishers.includes(distinguisherMethod.type)) {
    const shown = `flowcontrol.FlowDistinguisherMethod{Type:${writeJson(distinguisherMethod.type)}}`
    errors.push(notSupportedShown('spec.distinguisherMethod.type', shown, distinguishers))
  }
  const level = spec.priorityLevelConfiguration.name
  if (level === '') errors.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'))
  else pushMessages(errors, 'spec.priorityLevelConfiguration.name', level, dns1123Subdomain(level))
  spec.rules?.forEach((rule, index) => {
    validateFlowRule(rule, `spec.rules[${index}]`, errors)
  })
  return [...errors, ...validateMandatoryFlowSchema(metadata.name ?? '', spec)]
}
