// apiregistration.k8s.io/v1 APIService.
import { formatTime } from '../../../base/clock.ts'
import { writeJson } from '../../../base/write-json.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { APIService } from '../../types/apiregistration-v1.ts'
import { dns1035Label, dns1123Subdomain, nameIsPathSegment, portNumber } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'

const maxGroupPriority = 20_000
const maxVersionPriority = 1000
const conditionStatuses = ['True', 'False', 'Unknown']

export const apiService = defineResource<APIService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  namespaced: false,
  validatesMetadata: ['change', 'whole'],
  allowUnconditionalUpdate: false,
  categories: ['api-extensions'],
  standardFinalizers: false,
  subresources: [statusSubresource<APIService>({ keepsMetadata: true, validate: validateStatus })],
  columns: [
    nameColumn,
    {
      name: 'Service',
      type: 'string',
      cell: ({ spec }) => (spec.service === undefined ? 'Local' : `${spec.service.namespace}/${spec.service.name}`),
    },
    { name: 'Available', type: 'string', cell: availableCell },
    ageColumn,
  ],
  nameRule: nameIsPathSegment,
  setDefaults({ spec }) {
    if (spec.service !== undefined) spec.service.port ??= 443
  },
  prepareForCreate(object, { now }) {
    object.status = {}
    if (object.spec.service === undefined) {
      // This process serves a local one, so it is available from the start.
      const lastTransitionTime = formatTime(now)
      const message = 'Local APIServices are always available'
      object.status = { conditions: [{ type: 'Available', status: 'True', lastTransitionTime, reason: 'Local', message }] }
    }
  },
  prepare: keepStatus,
  validate,
})

function availableCell({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available')
  if (condition === undefined) return 'Unknown'
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`
}

function validate({ metadata, spec }: APIService): FieldError[] {
  const errors: FieldError[] = []
  const { group = '', version = '', groupPriorityMinimum, versionPriority, service } = spec
  const name = `${version}.${group}`
  // The metadata rules report an invalid name.
  if (metadata.name !== name && nameIsPathSegment(metadata.name ?? '', false).length === 0) {
    errors.push(invalidValue('metadata.name', metadata.name, `must be \`spec.version+"."+spec.group\`: ${writeJson(name)}`))
  }
  if (group === '' && name !== 'v1.') {
    errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'))
  } else if (group !== '') {
    pushMessages(errors, 'spec.group', group, dns1123Subdomain(group))
  }
  pushMessages(errors, 'spec.version', version, dns1035Label(version))
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > maxGroupPriority) {
    errors.push(invalidValue('spec.groupPriorityMinimum', groupPriorityMinimum, `must be positive and less than ${maxGroupPriority}`))
  }
  if (versionPriority <= 0 || versionPriority > maxVersionPriority) {
    errors.push(invalidValue('spec.versionPriority', versionPriority, `must be positive and less than ${maxVersionPriority}`))
  }
  if (service === undefined) {
    if ((spec.caBundle ?? '') !== '')
      errors.push(
        invalidValue(
          'spec.caBundle',
          `${Buffer.from(spec.caBundle ?? '', 'base64').length} bytes`,
          'local APIServices may not have a caBundle',
        ),
      )
    if (spec.insecureSkipTLSVerify === true) {
      errors.push(invalidValue('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'))
    }
    return errors
  }
  if ((service.namespace ?? '') === '') errors.push(required('spec.service.namespace'))
  if ((service.name ?? '') === '') errors.push(required('spec.service.name'))
  pushMessages(
    errors,
    'spec.service.port',
    service.port ?? 0,
    portNumber(service.port ?? 0).map(m => `port is not valid: ${m}`),
  )
  if (spec.insecureSkipTLSVerify === true && (spec.caBundle ?? '') !== '') {
    errors.push(invalidValue('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'))
  }
  return errors
}

function validateStatus({ status }: APIService): FieldError[] {
  return (status?.conditions ?? []).flatMap((condition, index) =>
    conditionStatuses.includes(condition.status)
      ? []
      : [notSupported(`status.conditions[${index}].status`, condition.status, conditionStatuses)],
  )
}
