// flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from '../../types/flowcontrol-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { validateFlowConditions, validateMandatoryPriorityLevel } from './mandatory.ts'

const maxQueues = 10_000_000
/** Shuffle sharding deals its hand from 60 bits of a 64-bit hash. */
const maxEntropyBits = 60
const none = '<none>'

export const priorityLevelConfiguration = defineResource<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  namespaced: false,
  validatesMetadata: ['whole'],
  countsGeneration: true,
  subresources: [
    statusSubresource<PriorityLevelConfiguration>({
      keepsMetadata: true,
      validate: ({ status }) => validateFlowConditions(status?.conditions),
    }),
  ],
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', cell: ({ spec }) => spec.type },
    {
      name: 'NominalConcurrencyShares',
      type: 'string',
      cell: ({ spec }) => spec.limited?.nominalConcurrencyShares ?? none,
    },
    { name: 'Queues', type: 'string', cell: ({ spec }) => spec.limited?.limitResponse?.queuing?.queues ?? none },
    { name: 'HandSize', type: 'string', cell: ({ spec }) => spec.limited?.limitResponse?.queuing?.handSize ?? none },
    { name: 'QueueLengthLimit', type: 'string', cell: ({ spec }) => spec.limited?.limitResponse?.queuing?.queueLengthLimit ?? none },
    ageColumn,
  ],
  setDefaults({ spec }) {
    if (spec.limited !== undefined) {
      spec.limited.nominalConcurrencyShares ??= 30
      spec.limited.lendablePercent ??= 0
      const { queuing } = spec.limited.limitResponse ?? {}
      if (queuing !== undefined) {
        queuing.queues ||= 64
        queuing.handSize ||= 8
        queuing.queueLengthLimit ||= 50
      }
    }
    if (spec.type === 'Exempt') {
      spec.exempt ??= {}
      spec.exempt.nominalConcurrencyShares ??= 0
      spec.exempt.lendablePercent ??= 0
    }
  },
  prepareForCreate(object) {
    object.status = {}
  },
  prepare: keepStatus,
  validate,
})

function validate({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const errors: FieldError[] = []
  if ((metadata.name === 'exempt') !== (spec.type === 'Exempt')) {
    errors.push(invalidValue('spec.type', spec.type, "type must be 'Exempt' if and only if name is 'exempt'"))
  }
  if (spec.type === 'Exempt') {
    if (spec.limited !== undefined) errors.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'))
    if (spec.exempt !== undefined) validateShares(spec.exempt, 'spec.exempt', errors)
  } else if (spec.type === 'Limited') {
    if (spec.limited === undefined) errors.push(required('spec.limited', 'must not be empty when type is Limited'))
    else validateLimited(spec.limited, errors)
    if (spec.exempt !== undefined) errors.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'))
  } else {
    errors.push(notSupported('spec.type', spec.type, ['Exempt', 'Limited']))
  }
  return [...errors, ...validateMandatoryPriorityLevel(metadata.name ?? '', spec)]
}

function validateShares(
  { nominalConcurrencyShares, lendablePercent }: ExemptPriorityLevelConfiguration,
  field: string,
  errors: FieldError[],
): void {
  if (nominalConcurrencyShares !== undefined && nominalConcurrencyShares < 0) {
    errors.push(invalidValue(`${field}.nominalConcurrencyShares`, nominalConcurrencyShares, 'must be a non-negative integer'))
  }
  if (lendablePercent !== undefined && (lendablePercent < 0 || lendablePercent > 100)) {
    errors.push(invalidValue(`${field}.lendablePercent`, lendablePercent, 'must be between 0 and 100, inclusive'))
  }
}

function validateLimited(limited: LimitedPriorityLevelConfiguration, errors: FieldError[]): void {
  const shares = limited.nominalConcurrencyShares ?? 0
  if (shares < 0) errors.push(invalidValue('spec.limited.nominalConcurrencyShares', shares, 'must be a non-negative integer'))
  validateLimitResponse(limited.limitResponse ?? { type: '' }, errors)
  const { lendablePercent, borrowingLimitPercent } = limited
  if (lendablePercent !== undefined && (lendablePercent < 0 || lendablePercent > 100)) {
    errors.push(invalidValue('spec.limited.lendablePercent', lendablePercent, 'must be between 0 and 100, inclusive'))
  }
  if (borrowingLimitPercent !== undefined && borrowingLimitPercent < 0) {
    errors.push(invalidValue('spec.limited.borrowingLimitPercent', borrowingLimitPercent, 'if specified, must be a non-negative integer'))
  }
}

function validateLimitResponse({ type, queuing }: LimitResponse, errors: FieldError[]): void {
  const field = 'spec.limited.limitResponse'
  if (type === 'Reject') {
    if (queuing !== undefined) {
      errors.push(forbiddenField(`${field}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'))
    }
  } else if (type === 'Queue') {
    if (queuing === undefined) {
      errors.push(required(`${field}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'))
    } else {
      validateQueuing(queuing, `${field}.queuing`, errors)
    }
  } else {
    errors.push(notSupported(`${field}.type`, type, ['Queue', 'Reject']))
  }
}

function validateQueuing({ queues, handSize, queueLengthLimit }: QueuingConfiguration, field: string, errors: FieldError[]): void {
  if (queueLengthLimit <= 0) errors.push(invalidValue(`${field}.queueLengthLimit`, queueLengthLimit, 'must be positive'))
  if (queues <= 0) errors.push(invalidValue(`${field}.queues`, queues, 'must be positive'))
  else if (queues > maxQueues) errors.push(invalidValue(`${field}.queues`, queues, `must not be greater than ${maxQueues}`))
  const bits = Math.ceil(Math.log2(Math.max(1, queues)) * Math.max(0, handSize))
  if (handSize <= 0) {
    errors.push(invalidValue(`${field}.handSize`, handSize, 'must be positive'))
  } else if (handSize > queues) {
    errors.push(invalidValue(`${field}.handSize`, handSize, `should not be greater than queues (${queues})`))
  } else if (bits > maxEntropyBits) {
    errors.push(
      invalidValue(
        `${field}.handSize`,
        handSize,
        `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${maxEntropyBits}`,
      ),
    )
  }
}
