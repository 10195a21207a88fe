// How a CustomResourceDefinition is judged. Paths are those of upstream's internal form, where what all versions share stands at the top.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionStatus,
} from '../../types/apiextensions-v1.ts'
import { dns1035Label, dns1123Subdomain } from '../../validation/names.ts'
import { immutableMessage, pushMessages, semanticallyEqual } from '../../validation/object-meta.ts'
import { validateClientConfig } from '../admissionregistration/webhook.ts'
import { validateStructuralSchema } from './structural-schema.ts'

const scopes = ['Cluster', 'Namespaced']

export function validateDefinition({ metadata, spec, status }: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = []
  if (metadata.name !== `${spec.names.plural}.${spec.group}`) {
    errors.push(invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'))
  }
  validateSpec(spec, errors)
  if (status !== undefined) validateStoredVersions(spec, status, errors)
  return errors
}

export function validateDefinitionUpdate(object: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const errors = validateDefinition(object)
  const { spec } = object
  if (spec.group !== old.spec.group) errors.push(invalidValue('spec.group', spec.group, immutableMessage))
  // Names and scope are fixed once they are served.
  if (!isEstablished(old)) return errors
  if (spec.scope !== old.spec.scope) errors.push(invalidValue('spec.scope', spec.scope, immutableMessage))
  if (spec.names.kind !== old.spec.names.kind) errors.push(invalidValue('spec.names.kind', spec.names.kind, immutableMessage))
  if (spec.names.plural !== old.spec.names.plural) {
    errors.push(invalidValue('spec.names.plural', spec.names.plural, immutableMessage))
  }
  return errors
}

const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false

function validateSpec(spec: CustomResourceDefinitionSpec, errors: FieldError[]): void {
  validateGroup(spec.group, errors)
  if (spec.scope === '') errors.push(required('spec.scope'))
  else if (!scopes.includes(spec.scope)) errors.push(notSupported('spec.scope', spec.scope, scopes))
  validateVersions(spec, errors)
  validateNames(spec.names, errors)
  if (spec.preserveUnknownFields === true) {
    errors.push(
      invalidValue(
        'spec.preserveUnknownFields',
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    )
  }
  validateConversion(spec.conversion, errors)
}

function validateGroup(group: string, errors: FieldError[]): void {
  if (group === '') {
    errors.push(required('spec.group'))
    return
  }
  const messages = dns1123Subdomain(group)
  if (messages.length > 0) errors.push(invalidValue('spec.group', group, messages.join(',')))
  else if (!group.includes('.')) errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'))
}

function validateVersions(spec: CustomResourceDefinitionSpec, errors: FieldError[]): void {
  const versions = spec.versions ?? []
  const names = new Set<string>()
  const shared = versions.every(({ schema }) => semanticallyEqual(schema, versions[0]?.schema))
  versions.forEach(({ name, schema, deprecated, deprecationWarning }, index) => {
    const field = `spec.versions[${index}]`
    const messages = dns1035Label(name)
    if (messages.length > 0) errors.push(invalidValue(`${field}.name`, name, messages.join(',')))
    if (deprecationWarning !== undefined && deprecated !== true) {
      errors.push(invalidValue(`${field}.deprecationWarning`, deprecationWarning, 'can only be set for deprecated versions'))
    }
    const path = shared ? 'spec.validation.openAPIV3Schema' : `${field}.schema.openAPIV3Schema`
    if (schema?.openAPIV3Schema === undefined) errors.push(required(`${field}.schema.openAPIV3Schema`, 'schemas are required'))
    else if (!shared || index === 0) validateStructuralSchema(schema.openAPIV3Schema, path, errors)
    names.add(name)
  })
  if (names.size < versions.length) errors.push(invalidValue('spec.versions', versions, 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'))
  }
  const first = versions[0]?.name ?? ''
  const messages = first === '' ? [] : dns1035Label(first)
  if (messages.length > 0) errors.push(invalidValue('spec.version', first, messages.join(',')))
}

function validateNames(names: CustomResourceDefinitionNames, errors: FieldError[]): void {
  const { plural, singular = '', kind, listKind = '' } = names
  requireLabel('plural', plural, errors)
  requireLabel('singular', singular, errors)
  requireKind('kind', kind, errors)
  requireKind('listKind', listKind, errors)
  names.shortNames?.forEach((name, index) => {
    pushMessages(errors, `spec.names.shortNames[${index}]`, name, dns1035Label(name))
  })
  names.categories?.forEach((name, index) => {
    pushMessages(errors, `spec.names.categories[${index}]`, name, dns1035Label(name))
  })
  if (kind !== '' && kind === listKind) {
    errors.push(invalidValue('spec.names.listKind', listKind, 'kind and listKind may not be the same'))
  }
}

function requireLabel(name: 'plural' | 'singular', value: string, errors: FieldError[]): void {
  if (value === '') {
    errors.push(required(`spec.names.${name}`))
    return
  }
  const messages = dns1035Label(value)
  if (messages.length > 0) errors.push(invalidValue(`spec.names.${name}`, value, messages.join(',')))
}

function requireKind(name: 'kind' | 'listKind', value: string, errors: FieldError[]): void {
  if (value === '') {
    errors.push(required(`spec.names.${name}`))
    return
  }
  const messages = dns1035Label(value.toLowerCase())
  if (messages.length === 0) return
  errors.push(invalidValue(`spec.names.${name}`, value, `may have mixed case, but should otherwise match: ${messages.join(',')}`))
}

function validateConversion(conversion: CustomResourceConversion | undefined, errors: FieldError[]): void {
  if (conversion === undefined) return
  const { strategy, webhook } = conversion
  if (strategy === '') {
    errors.push(required('spec.conversion.strategy'))
  } else if (strategy === 'None') {
    if (webhook !== undefined) {
      errors.push(forbiddenField('spec.conversion.webhookClientConfig', 'should not be set when strategy is not set to Webhook'))
    }
  } else if (strategy !== 'Webhook') {
    errors.push(notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook']))
  } else if (webhook?.clientConfig === undefined) {
    errors.push(required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook'))
  } else {
    validateClientConfig(webhook.clientConfig, 'spec.conversion.webhookClientConfig', errors)
    if ((webhook.conversionReviewVersions ?? []).length === 0) errors.push(required('spec.conversion.conversionReviewVersions'))
  }
}

function validateStoredVersions(spec: CustomResourceDefinitionSpec, status: CustomResourceDefinitionStatus, errors: FieldError[]): void {
  const stored = status.storedVersions ?? []
  const field = 'status.storedVersions'
  if (stored.length === 0) errors.push(invalidValue(field, stored, 'must have at least one stored version'))
  const found = new Set<string>()
  for (const { name, storage } of spec.versions ?? []) {
    // Each entry stands for one version: of two versions of the same name the second is not listed.
    const listed = stored.includes(name) && !found.has(name)
    if (listed) found.add(name)
    else if (storage) errors.push(invalidValue(field, stored, `must have the storage version ${name}`))
  }
  stored.forEach((name, index) => {
    if (spec.versions?.some(version => version.name === name) !== true) {
      errors.push(
        invalidValue(
          `${field}[${index}]`,
          name,
          `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
        ),
      )
    }
  })
}
