// The structural rules for a CustomResourceDefinition's schema, so that it can prune objects and set defaults.
import { Failure } from '../../cel/values/failure.ts'
import { compilePattern } from '../../cel/values/regex.ts'
import { type FieldError, forbiddenField, formatFieldError, invalidValue, required } from '../../field-error.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'

type Level = 'root' | 'field' | 'item'

const missingType: Record<Level, string> = {
  root: 'must not be empty at the root',
  field: 'must not be empty for specified object fields',
  item: 'must not be empty for specified array items',
}
const metadataMessage = 'must not specify anything other than name and generateName, but metadata is implicitly specified'

/** Sorted by text, as upstream. For a schema without fields that custom resources may not use. */
export function validateStructuralSchema(schema: JSONSchemaProps, field: string): FieldError[] {
  const errors: FieldError[] = []
  validateInvariants(schema, 'root', field, errors)
  // Properties in allOf, anyOf, oneOf and not of the root must also be in the structure; upstream does not require this for nested ones.
  validateJunctors(schema, schema, field, field, errors)
  const keyed = errors.map(error => ({ error, text: formatFieldError(error) }))
  return keyed.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)).map(({ error }) => error)
}

function validateInvariants(schema: JSONSchemaProps, level: Level, field: string, errors: FieldError[]): void {
  const { type = '', items, properties = {}, additionalProperties } = schema
  if (type === 'array' && items === undefined) errors.push(required(`${field}.items`, 'must be specified'))
  if (items !== undefined && !Array.isArray(items)) validateInvariants(items, 'item', `${field}.items`, errors)
  for (const [name, property] of Object.entries(properties)) {
    validateInvariants(property, 'field', `${field}.properties[${name}]`, errors)
  }
  if (additionalProperties !== undefined) {
    if (level === 'root') errors.push(forbiddenField(`${field}.additionalProperties`, 'must not be used at the root'))
    if (typeof additionalProperties === 'object') {
      validateInvariants(additionalProperties, 'field', `${field}.additionalProperties`, errors)
    }
  }
  validateExtensions(schema, field, errors)
  const exempt = isIntegerOrString(schema.anyOf) ? 'anyOf' : isIntegerOrString(schema.allOf?.[0]?.anyOf) ? 'allOf' : undefined
  validateValues(schema, exempt, field, errors)
  validateType(schema, level, field, errors)
  validateMeta(schema, level, field, errors)
}

function validateExtensions(schema: JSONSchemaProps, field: string, errors: FieldError[]): void {
  if (schema['x-kubernetes-int-or-string'] !== true) return
  for (const name of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const) {
    if (schema[name] === true) {
      errors.push(invalidValue(`${field}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'))
    }
  }
}

function validateType(schema: JSONSchemaProps, level: Level, field: string, errors: FieldError[]): void {
  const { type = '', properties = {} } = schema
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (embedded && type !== 'object') {
    const message = 'must be object if x-kubernetes-embedded-resource is true'
    errors.push(type === '' ? required(`${field}.type`, message) : invalidValue(`${field}.type`, type, message))
  } else if (type === '' && schema['x-kubernetes-int-or-string'] !== true && !preserves) {
    errors.push(required(`${field}.type`, missingType[level]))
  }
  if (embedded && schema.additionalProperties !== undefined) {
    errors.push(forbiddenField(`${field}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'))
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    errors.push(invalidValue(`${field}.type`, type, 'must be object at the root'))
  }
  if (embedded && !preserves && Object.keys(properties).length === 0) {
    const message = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
    errors.push(required(`${field}.properties`, message))
  }
}

/** Kind, version and metadata of an object have fixed schemas: only their names may be restricted. */
function validateMeta(schema: JSONSchemaProps, level: Level, field: string, errors: FieldError[]): void {
  const { properties = {} } = schema
  if (level !== 'root' && schema['x-kubernetes-embedded-resource'] !== true) return
  const expected = { kind: 'string', apiVersion: 'string', metadata: 'object' } as const
  for (const [name, type] of Object.entries(expected)) {
    const property = properties[name]
    if (property !== undefined && property.type !== type) {
      errors.push(invalidValue(`${field}.properties[${name}].type`, property.type ?? '', `must be ${type}`))
    }
  }
  const { metadata } = properties
  if (level === 'root' && metadata !== undefined && saysMoreThanNames(metadata)) {
    errors.push(forbiddenField(`${field}.properties[metadata]`, metadataMessage))
  }
}

/** Fields without meaning for values. */
const remarks = new Set(['$schema', 'externalDocs', 'example'])

function saysMoreThanNames({ type: _type, default: _default, properties = {}, ...rest }: JSONSchemaProps): boolean {
  const restrictsOthers = Object.keys(properties).some(name => name !== 'name' && name !== 'generateName')
  return restrictsOthers || Object.entries(rest).some(([name, value]) => !remarks.has(name) && isSet(value))
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  return !Array.isArray(value) || value.length > 0
}

function isIntegerOrString(options: readonly JSONSchemaProps[] | undefined): boolean {
  const types = options?.map(option => (Object.keys(option).length === 1 ? option.type : undefined))
  return types?.length === 2 && types[0] === 'integer' && types[1] === 'string'
}

/** Fields that restrict values; `exempt` names where the type of a number or string is given. */
function validateValues(schema: JSONSchemaProps, exempt: 'anyOf' | 'allOf' | undefined, field: string, errors: FieldError[]): void {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern = '' } = schema
  if (exempt !== 'anyOf') {
    for (const [index, option] of anyOf.entries()) validateNested(option, undefined, `${field}.anyOf[${index}]`, errors)
  }
  for (const [index, option] of allOf.entries()) {
    validateNested(option, exempt === 'allOf' && index === 0 ? 'anyOf' : undefined, `${field}.allOf[${index}]`, errors)
  }
  for (const [index, option] of oneOf.entries()) validateNested(option, undefined, `${field}.oneOf[${index}]`, errors)
  if (not !== undefined) validateNested(not, undefined, `${field}.not`, errors)
  const problem = pattern === '' ? undefined : problemOf(pattern)
  if (problem !== undefined) {
    errors.push(invalidValue(`${field}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`))
  }
}

function problemOf(pattern: string): string | undefined {
  try {
    compilePattern(pattern)
    return undefined
  } catch (err) {
    if (err instanceof Failure) return err.message
    throw err
  }
}

/** Fields allowed only in the structure, by the wording of their absence. */
const structure: readonly (readonly [keyof JSONSchemaProps, 'empty' | 'undefined' | 'false'])[] = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
]

/** A schema below allOf, anyOf, oneOf or not. */
function validateNested(schema: JSONSchemaProps, exempt: 'anyOf' | undefined, field: string, errors: FieldError[]): void {
  const { items, properties = {} } = schema
  validateValues(schema, exempt, field, errors)
  if (items !== undefined && !Array.isArray(items)) validateNested(items, undefined, `${field}.items`, errors)
  for (const [name, property] of Object.entries(properties)) {
    validateNested(property, undefined, `${field}.properties[${name}]`, errors)
  }
  for (const [name, absence] of structure) {
    const value = schema[name]
    if (absence === 'undefined' ? value !== undefined : isSet(value)) {
      errors.push(forbiddenField(`${field}.${name}`, `must be ${absence} to be structural`))
    }
  }
  if (properties['metadata'] !== undefined) {
    errors.push(forbiddenField(`${field}.properties[metadata]`, 'must not be specified in a nested context'))
  }
}

/** `at` is the place in the structure, `said` that of the restriction. */
function validateJunctors(values: JSONSchemaProps, structural: JSONSchemaProps, at: string, said: string, errors: FieldError[]): void {
  const { not, allOf = [], anyOf = [], oneOf = [] } = values
  if (not !== undefined) requireStructure(not, structural, at, `${said}.not`, errors)
  for (const [name, options] of Object.entries({ allOf, anyOf, oneOf })) {
    for (const [index, option] of options.entries()) requireStructure(option, structural, at, `${said}.${name}[${index}]`, errors)
  }
}

function requireStructure(
  values: JSONSchemaProps,
  structural: JSONSchemaProps | undefined,
  at: string,
  said: string,
  errors: FieldError[],
): void {
  if (structural === undefined) {
    errors.push(required(at, `because it is defined in ${said}`))
    return
  }
  validateJunctors(values, structural, at, said, errors)
  const { items, properties = {} } = values
  if (items !== undefined && !Array.isArray(items)) {
    const inStructure = Array.isArray(structural.items) ? undefined : structural.items
    requireStructure(items, inStructure, `${at}.items`, `${said}.items`, errors)
  }
  for (const [name, property] of Object.entries(properties)) {
    const inner = `.properties[${name}]`
    requireStructure(property, structural.properties?.[name], `${at}${inner}`, `${said}${inner}`, errors)
  }
}
