// Validates a CustomResourceDefinition. Paths are those of upstream's internal form, where fields common to all versions are at the top.

import { writeJson } from '../../../base/write-json.ts'
import { someSchema } from '../../custom-resources/schema/walk-schema.ts'
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionStatus,
  CustomResourceDefinitionVersion,
  JSONSchemaProps,
} from '../../types/apiextensions-v1.ts'
import { goBytes, goStrings, invalidShown } from '../../validation/go-syntax.ts'
import { dns1035Label, dns1123Subdomain } from '../../validation/names.ts'
import { immutableMessage, pushMessages } from '../../validation/object-meta.ts'
import { repetition } from '../../validation/repetition.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { validateClientConfig } from '../admissionregistration/webhook.ts'
import { bundleProblem } from '../certificates/pem.ts'
import { validateApproval } from './api-approval.ts'
import { hasUnfitSet, type SchemaOptions, schemaTypes, strictSchema, validateKeys, validateSchema } from './openapi-schema.ts'
import { validateColumns, validateDeprecation, validateSelectableFields, validateSubresources } from './version-validation.ts'

const scopes = ['Cluster', 'Namespaced']
const reviewVersions = ['v1', 'v1beta1']

/** What a stored definition may keep because it was accepted once. */
interface Options extends SchemaOptions {
  readonly schemas: boolean
  readonly reviewVersions: boolean
  readonly preserves: boolean
  /** Whether the conversion's CA bundle must be readable. A definition that is not served yet may still get one. */
  readonly authorities: boolean
}

const strict: Options = { ...strictSchema, schemas: true, reviewVersions: true, preserves: false, authorities: false }

export function validateDefinition(object: CustomResourceDefinition): FieldError[] {
  const { metadata, spec } = object
  const errors: FieldError[] = []
  for (const field of ['generateName', 'name'] as const) {
    const name = metadata[field]
    if (!name || name === `${spec.names.plural}.${spec.group}`) continue
    errors.push(invalidValue(`metadata.${field}`, name, 'must be spec.names.plural+"."+spec.group'))
  }
  validateSpec(spec, strict, errors)
  validateRest(object, undefined, strict, errors)
  return errors
}

export function validateDefinitionUpdate(object: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = []
  const { spec } = object
  const options = { ...optionsFor(old.spec), authorities: isEstablished(old) && conversionBundleProblem(old) === undefined }
  validateSpec(spec, options, errors)
  // Scope and kind are immutable once served; group and plural are the object's name.
  if (isEstablished(old)) {
    if (spec.scope !== old.spec.scope) errors.push(invalidValue('spec.scope', spec.scope, immutableMessage))
    if (spec.names.kind !== old.spec.names.kind) errors.push(invalidValue('spec.names.kind', spec.names.kind, immutableMessage))
  }
  if (spec.group !== old.spec.group) errors.push(invalidValue('spec.group', spec.group, immutableMessage))
  if (spec.names.plural !== old.spec.names.plural) {
    errors.push(invalidValue('spec.names.plural', spec.names.plural, immutableMessage))
  }
  validateRest(object, old, options, errors)
  return errors
}

export function validateDefinitionStatus({ status }: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = []
  if (status?.acceptedNames !== undefined) validateNames(status.acceptedNames, 'status.acceptedNames', errors)
  return errors
}

function validateRest(
  object: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  options: Options,
  errors: FieldError[],
): void {
  errors.push(...validateDefinitionStatus(object))
  if (object.status !== undefined) validateStoredVersions(object.spec, object.status, errors)
  validateApproval(object, old, errors)
  if (object.spec.preserveUnknownFields === true && !options.preserves) {
    const detail = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
    errors.push(invalidValue('spec.preserveUnknownFields', true, detail))
  }
}

function optionsFor(old: CustomResourceDefinitionSpec): Omit<Options, 'authorities'> {
  const versions = old.versions ?? []
  const schemas = versions.flatMap(({ schema }) => schema?.openAPIV3Schema ?? [])
  const lacks = (is: (schema: JSONSchemaProps) => boolean): boolean => !schemas.some(schema => someSchema(schema, is))
  const reviewed = old.conversion?.webhook?.conversionReviewVersions ?? []
  return {
    schemas: schemas.length === versions.length,
    validTypes: lacks(({ type = '' }) => type !== '' && !schemaTypes.includes(type)),
    atomicSets: lacks(hasUnfitSet),
    completeKeys: lacks(schema => {
      const errors: FieldError[] = []
      validateKeys(schema, '', errors)
      return errors.length > 0
    }),
    isStoredRule: storedRules(schemas),
    reviewVersions: reviewed.length === 0 || reviewed.some(version => reviewVersions.includes(version)),
    preserves: old.preserveUnknownFields === true,
  }
}

/** Loaded with the first rule. */
function storedRules(schemas: readonly JSONSchemaProps[]): (rule: string) => boolean {
  let rules: Set<string> | undefined
  return rule => {
    if (rules === undefined) {
      const found = new Set<string>()
      const collect = (schema: JSONSchemaProps): boolean => {
        for (const one of schema['x-kubernetes-validations'] ?? []) found.add(one.rule)
        return false
      }
      for (const schema of schemas) someSchema(schema, collect)
      rules = found
    }
    return rules.has(rule)
  }
}

const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false

function validateSpec(spec: CustomResourceDefinitionSpec, options: Options, errors: FieldError[]): void {
  validateGroup(spec.group, errors)
  if (spec.scope === '') errors.push(required('spec.scope'))
  else if (!scopes.includes(spec.scope)) errors.push(notSupported('spec.scope', spec.scope, scopes))
  const versions = spec.versions ?? []
  const preserves = spec.preserveUnknownFields === true
  versions.forEach(({ schema, served }, index) => {
    if (schema?.openAPIV3Schema !== undefined) return
    const field = `spec.versions[${index}].schema.openAPIV3Schema`
    if (options.schemas) errors.push(required(field, 'schemas are required'))
    else if (!preserves && served) errors.push(required(field, 'because otherwise all fields are pruned'))
  })
  if (preserves && versions.some(({ schema }) => schema?.openAPIV3Schema && someSchema(schema.openAPIV3Schema, hasDefault))) {
    errors.push(invalidValue('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'))
  }
  validateVersions(spec.versions, options, errors)
  requireNames(spec.names, errors)
  validateNames(spec.names, 'spec.names', errors)
  const [first] = versions
  if (first !== undefined) validateVersion(pick(first, sharedParts(versions), true), 'spec', options, errors, versions.some(hasStatus))
  if (preserves && spec.conversion !== undefined && spec.conversion.strategy !== 'None') {
    errors.push(invalidValue('spec.conversion.strategy', spec.conversion.strategy, 'must be None if spec.preserveUnknownFields is true'))
  }
  validateConversion(spec.conversion, options, errors)
}

const hasDefault = (schema: JSONSchemaProps): boolean => schema.default !== undefined
const hasStatus = ({ subresources }: CustomResourceDefinitionVersion): boolean => subresources?.status !== undefined

type Part = 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields'
const parts: readonly Part[] = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields']
type Parts = Pick<CustomResourceDefinitionVersion, Part>

/** The fields common to all versions. As upstream, fields are selectable only where the schema is. */
function sharedParts(versions: readonly CustomResourceDefinitionVersion[]): ReadonlySet<Part> {
  const [first] = versions
  return new Set(parts.filter(part => versions.every(other => semanticallyEqual(other[part], first?.[part]))))
}

/** The fields of a version that are, or are not, among the common ones. */
function pick(version: CustomResourceDefinitionVersion, shared: ReadonlySet<Part>, isShared: boolean): Parts {
  return Object.fromEntries(parts.filter(part => shared.has(part) === isShared).map(part => [part, version[part]]))
}

/** `field` is `spec` for the fields at the top, where the schema is named `validation`. */
function validateVersion(version: Parts, field: string, options: Options, errors: FieldError[], withStatus: boolean): void {
  const schema = version.schema?.openAPIV3Schema
  const schemaField = `${field}.${field === 'spec' ? 'validation' : 'schema'}.openAPIV3Schema`
  if (schema !== undefined) errors.push(...validateSchema(schema, withStatus, schemaField, options))
  validateSubresources(version.subresources, `${field}.subresources`, errors)
  validateColumns(version.additionalPrinterColumns, `${field}.additionalPrinterColumns`, errors)
  validateSelectableFields(version.selectableFields, schema, field, errors)
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

function validateVersions(given: readonly CustomResourceDefinitionVersion[] | undefined, options: Options, errors: FieldError[]): void {
  const versions = given ?? []
  const shared = sharedParts(versions)
  versions.forEach((version, index) => {
    const field = `spec.versions[${index}]`
    const messages = dns1035Label(version.name)
    if (messages.length > 0) errors.push(invalidValue(`${field}.name`, version.name, messages.join(',')))
    validateDeprecation(version, field, errors)
    validateVersion(pick(version, shared, false), field, options, errors, hasStatus(version))
  })
  const names = new Set(versions.map(({ name }) => name))
  if (names.size < versions.length) errors.push(invalidVersions(given, 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(invalidVersions(given, 'must have exactly one version marked as storage version'))
  }
  const first = versions[0]?.name ?? ''
  const messages = first === '' ? [] : dns1035Label(first)
  if (messages.length > 0) errors.push(invalidValue('spec.version', first, messages.join(',')))
}

/** Go's form of the internal type; JSON where that would show addresses. */
function invalidVersions(versions: readonly CustomResourceDefinitionVersion[] | undefined, detail: string): FieldError {
  const type = 'apiextensions.CustomResource'
  const list = `[]${type}DefinitionVersion`
  if (!versions) return invalidShown('spec.versions', `${list}(nil)`, detail)
  const shared = sharedParts(versions)
  const isPlain = (version: CustomResourceDefinitionVersion): boolean =>
    version.deprecationWarning === undefined && Object.values(pick(version, shared, false)).every(part => part === undefined)
  if (!versions.every(isPlain)) return invalidValue('spec.versions', versions, detail)
  const rest = [
    ...['DeprecationWarning:(*string)(nil)', `Schema:(*${type}Validation)(nil)`, `Subresources:(*${type}Subresources)(nil)`],
    ...[`AdditionalPrinterColumns:[]${type}ColumnDefinition(nil)`, 'SelectableFields:[]apiextensions.SelectableField(nil)'],
  ].join(', ')
  const shown = versions.map(({ name, served, storage, deprecated = false }) => {
    const flags = `Served:${served}, Storage:${storage}, Deprecated:${deprecated}`
    return `${type}DefinitionVersion{Name:${writeJson(name)}, ${flags}, ${rest}}`
  })
  return invalidShown('spec.versions', `${list}{${shown.join(', ')}}`, detail)
}

function requireNames(names: CustomResourceDefinitionNames, errors: FieldError[]): void {
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if ((names[name] ?? '') === '') errors.push(required(`spec.names.${name}`))
  }
}

function validateNames(names: CustomResourceDefinitionNames, field: string, errors: FieldError[]): void {
  const { plural = '', singular = '', kind = '', listKind = '' } = names
  for (const [name, value] of Object.entries({ plural, singular })) {
    const messages = value === '' ? [] : dns1035Label(value)
    if (messages.length > 0) errors.push(invalidValue(`${field}.${name}`, value, messages.join(',')))
  }
  for (const [name, value] of Object.entries({ kind, listKind })) {
    const messages = value === '' ? [] : dns1035Label(value.toLowerCase())
    if (messages.length === 0) continue
    errors.push(invalidValue(`${field}.${name}`, value, `may have mixed case, but should otherwise match: ${messages.join(',')}`))
  }
  pushNames(names.shortNames, `${field}.shortNames`, errors)
  if (kind !== '' && kind === listKind) {
    errors.push(invalidValue(`${field}.listKind`, listKind, 'kind and listKind may not be the same'))
  }
  pushNames(names.categories, `${field}.categories`, errors)
}

function pushNames(names: readonly string[] | undefined, field: string, errors: FieldError[]): void {
  names?.forEach((name, index) => {
    const messages = dns1035Label(name)
    if (messages.length > 0) errors.push(invalidValue(`${field}[${index}]`, name, messages.join(',')))
  })
}

function validateConversion(conversion: CustomResourceConversion | undefined, options: Options, errors: FieldError[]): void {
  if (conversion === undefined) return
  const { strategy, webhook } = conversion
  if (strategy === '') errors.push(required('spec.conversion.strategy'))
  else if (strategy !== 'None' && strategy !== 'Webhook') {
    errors.push(notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook']))
  }
  const config = webhook?.clientConfig
  const versions = webhook?.conversionReviewVersions ?? []
  const configField = 'spec.conversion.webhookClientConfig'
  const versionsField = 'spec.conversion.conversionReviewVersions'
  if (strategy === 'Webhook') {
    if (config === undefined) errors.push(required(configField, 'required when strategy is set to Webhook'))
    else validateClientConfig(config, configField, errors)
    if (options.authorities) validateBundle(config?.caBundle ?? '', `${configField}.caBundle`, errors)
    validateReviewVersions(versions, options.reviewVersions, versionsField, errors)
    return
  }
  const detail = 'should not be set when strategy is not set to Webhook'
  if (config !== undefined) errors.push(forbiddenField(configField, detail))
  if (versions.length > 0) errors.push(forbiddenField(versionsField, detail))
}

function validateBundle(bundle: string, field: string, errors: FieldError[]): void {
  const problem = bundle === '' ? undefined : bundleProblem(bundle)
  if (problem !== undefined) errors.push(invalidShown(field, goBytes(bundle), `unable to load root certificates: ${problem}`))
}

/** Why the server could never trust the conversion webhook; undefined if it could, or there is no CA bundle. */
export function conversionBundleProblem({ spec }: CustomResourceDefinition): string | undefined {
  const bundle = spec.conversion?.webhook?.clientConfig?.caBundle ?? ''
  return bundle === '' ? undefined : bundleProblem(bundle)
}

function validateReviewVersions(versions: readonly string[], known: boolean, field: string, errors: FieldError[]): void {
  if (versions.length === 0) {
    errors.push(required(field))
    return
  }
  const isRepeated = repetition<string>()
  versions.forEach((version, index) => {
    if (isRepeated(version)) errors.push(invalidValue(`${field}[${index}]`, version, 'duplicate version'))
    else pushMessages(errors, `${field}[${index}]`, version, dns1035Label(version))
  })
  if (known && !versions.some(version => reviewVersions.includes(version))) {
    errors.push(invalidShown(field, goStrings(versions), `must include at least one of ${reviewVersions.join(', ')}`))
  }
}

function validateStoredVersions(spec: CustomResourceDefinitionSpec, status: CustomResourceDefinitionStatus, errors: FieldError[]): void {
  const stored = status.storedVersions ?? []
  const field = 'status.storedVersions'
  if (stored.length === 0) errors.push(invalidShown(field, '[]string(nil)', 'must have at least one stored version'))
  const found = new Set<string>()
  for (const { name, storage } of spec.versions ?? []) {
    // Each entry is for one version: of two versions with the same name, the second is not listed.
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
