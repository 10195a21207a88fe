// networking.k8s.io/v1 IngressClass.
import { type FieldError, forbiddenField, notSupported, required, tooLong } from '../../field-error.ts'
import type { IngressClass, IngressClassParametersReference } from '../../types/networking-v1.ts'
import { exceedsBytes } from '../../validation/byte-length.ts'
import { dns1123Label } from '../../validation/names.ts'
import { immutable, pushMessages } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { validateDomainPrefixedPath } from './domain-prefixed-path.ts'
import { validateLocalReference } from './ingress-spec.ts'

const maxControllerLength = 250
const scopes = ['Cluster', 'Namespace']

export const ingressClass = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
  countsGeneration: true,
  columns: [
    nameColumn,
    { name: 'Controller', type: 'string', cell: ({ spec }) => spec.controller ?? '' },
    { name: 'Parameters', type: 'string', cell: parametersCell },
    ageColumn,
  ],
  setDefaults({ spec }) {
    if (spec?.parameters !== undefined) spec.parameters.scope ??= 'Cluster'
  },
  validate,
  validatesMetadata: ['change', 'whole'],
  validateUpdate(object, old) {
    const changed: FieldError[] = []
    immutable(changed, 'spec.controller', object.spec.controller ?? '', old.spec.controller ?? '')
    return [changed, validate(object)]
  },
})

function parametersCell({ spec }: IngressClass): string {
  if (spec.parameters === undefined) return '<none>'
  const { kind, apiGroup, name } = spec.parameters
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`
}

function validate({ spec }: IngressClass): FieldError[] {
  const errors: FieldError[] = []
  const controller = spec.controller ?? ''
  if (controller === '') {
    errors.push(required('spec.controller'))
  } else {
    if (exceedsBytes(controller, maxControllerLength)) errors.push(tooLong('spec.controller', maxControllerLength))
    validateDomainPrefixedPath(controller, 'spec.controller', errors)
  }
  if (spec.parameters !== undefined) validateParameters(spec.parameters, errors)
  return errors
}

function validateParameters(parameters: IngressClassParametersReference, errors: FieldError[]): void {
  const field = 'spec.parameters'
  validateLocalReference(parameters, field, errors)
  const { scope, namespace } = parameters
  if (scope === undefined || scope === null) {
    errors.push(required(`${field}.scope`))
    return
  }
  if (!scopes.includes(scope)) {
    errors.push(notSupported(`${field}.scope`, scope, scopes))
  } else if (scope === 'Namespace') {
    if (namespace === undefined) errors.push(required(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'"))
    else pushMessages(errors, `${field}.namespace`, namespace, dns1123Label(namespace))
  } else if (namespace !== undefined) {
    errors.push(forbiddenField(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'"))
  }
}
