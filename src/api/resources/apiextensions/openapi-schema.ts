// The allowed content of a CustomResourceDefinition's schema: no references, mergeable lists, rules with texts.
import { requireLate } from '../../../base/async/late-module.ts'
import { fieldPathOf } from '../../custom-resources/field-path.ts'
import type * as late from '../../custom-resources/rules/rules-late.ts'
import { validateDefaults } from '../../custom-resources/schema/definition-defaults.ts'
import { depthOf, isSchema, maxDepth, someSchema } from '../../custom-resources/schema/walk-schema.ts'
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type { JSONSchemaProps, ValidationRule } from '../../types/apiextensions-v1.ts'
import { goStrings, invalidShown } from '../../validation/go-syntax.ts'
import { repetition } from '../../validation/repetition.ts'
import { validateStructuralSchema } from './structural-schema.ts'

export interface SchemaOptions {
  /** A stored object may keep what was accepted once. */
  readonly validTypes: boolean
  readonly atomicSets: boolean
  readonly completeKeys: boolean
  /** Whether the definition already has this rule. */
  isStoredRule(rule: string): boolean
}

export const strictSchema: SchemaOptions = { validTypes: true, atomicSets: true, completeKeys: true, isStoredRule: () => false }

export const schemaTypes = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']
const metaFields = ['metadata', 'kind', 'apiVersion']

const allowedAtRoot = [
  ...['Description', 'Type', 'Format', 'Title', 'Maximum', 'ExclusiveMaximum', 'Minimum', 'ExclusiveMinimum', 'MaxLength', 'MinLength'],
  ...['Pattern', 'MaxItems', 'MinItems', 'UniqueItems', 'MultipleOf', 'Required', 'Items', 'Properties', 'ExternalDocs', 'Example'],
  ...['XPreserveUnknownFields', 'XValidations'],
]
/** What would be lost if the schema of the status is extracted from the root's. */
const lostWithStatus = [
  ...([
    'id',
    '$schema',
    '$ref',
    'nullable',
    'default',
    'enum',
    'maxProperties',
    'minProperties',
    'allOf',
    'oneOf',
    'anyOf',
    'not',
  ] as const),
  ...(['additionalProperties', 'patternProperties', 'dependencies', 'additionalItems', 'definitions'] as const),
  ...(['x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string', 'x-kubernetes-list-map-keys'] as const),
  ...(['x-kubernetes-list-type', 'x-kubernetes-map-type'] as const),
]

/** `hasStatus`: the status subresource is enabled. */
export function validateSchema(schema: JSONSchemaProps, hasStatus: boolean, field: string, options: SchemaOptions): FieldError[] {
  if (depthOf(schema) > maxDepth) return [forbiddenField(field, `schemas may not be nested more than ${maxDepth} levels deep`)]
  const errors: FieldError[] = []
  if (hasStatus) validateRootWithStatus(schema, field, errors)
  if (schema.nullable === true) errors.push(forbiddenField(`${field}.nullable`, 'nullable cannot be true at the root'))
  const structural = !someSchema(schema, isNoStructure)
  const inStructure = structural ? validateStructure(schema, field) : []
  const faulty = new Set<JSONSchemaProps>()
  const place: Place = { root: true, structural, faulty, ...(options.validTypes ? { validTypes: true } : {}) }
  errors.push(...inStructure)
  validateLevel(schema, place, field, options, errors)
  if (structural && inStructure.length === 0 && someSchema(schema, hasRules)) {
    errors.push(...rulesLate().validateRules(schema, field, { isStored: options.isStoredRule, isFaulty: part => faulty.has(part) }))
  }
  // Only this makes a schema unreadable as a structure without being an error itself.
  if (errors.length === 0 && !structural) errors.push(invalidValue(field, '', "OpenAPIV3Schema 'schema' is not supported"))
  return errors
}

/** Without a structural schema, neither defaults can be validated nor rules compiled. */
function validateStructure(schema: JSONSchemaProps, field: string): FieldError[] {
  const errors = validateStructuralSchema(schema, field)
  const withRules = someSchema(schema, hasRules)
  const tooMany = withRules ? rulesLate().ruleCountProblem(schema, field) : undefined
  if (tooMany !== undefined) return [...errors, tooMany]
  if (errors.length > 0 || !someSchema(schema, hasDefault)) return errors
  const wrong = new Set<JSONSchemaProps>()
  return [...validateDefaults(schema, field, wrong), ...(withRules ? rulesLate().evaluateDefaultsByRules(schema, field, wrong) : [])]
}

function validateRootWithStatus(schema: JSONSchemaProps, field: string, errors: FieldError[]): void {
  // The first forbidden member in upstream's order is reported, and the type comes after three of them.
  const isFirst = !lostWithStatus.slice(0, 3).some(name => isSet(name, schema[name]))
  if (isFirst && (schema.type ?? '') !== '' && schema.type !== 'object') {
    const message = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
    errors.push(invalidValue(`${field}.type`, schema.type, message))
  } else if (lostWithStatus.some(name => isSet(name, schema[name]))) {
    const message = `only [${allowedAtRoot.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`
    errors.push(invalidValue(field, schema, message))
  }
}

const isSet = (name: string, value: unknown): boolean =>
  value !== undefined && value !== '' && (value !== false || name === 'additionalProperties')

/** Fields that no custom resource may use make the schema non-structural. */
const isNoStructure = (schema: JSONSchemaProps): boolean =>
  Boolean(schema.id || schema.$schema || schema.$ref) ||
  schema.additionalItems !== undefined ||
  [schema.patternProperties, schema.definitions, schema.dependencies].some(isFilled) ||
  (Array.isArray(schema.items) && schema.items.length > 0) ||
  schema['x-kubernetes-preserve-unknown-fields'] === false

const hasDefault = (schema: JSONSchemaProps): boolean => schema.default !== undefined

const hasRules = ({ 'x-kubernetes-validations': rules = [] }: JSONSchemaProps): boolean => rules.length > 0

const rulesLate = () => requireLate<typeof late>(import.meta.url, '../../custom-resources/rules/rules-late.ts')

const isFilled = (map: object | undefined): boolean => map !== undefined && Object.keys(map).length > 0

function unsupported(schema: JSONSchemaProps): { name: string; detail: string }[] {
  const found = [
    ...(schema.id ? ['id'] : []),
    ...(schema.additionalItems === undefined ? [] : ['additionalItems']),
    ...(isFilled(schema.patternProperties) ? ['patternProperties'] : []),
    ...(isFilled(schema.definitions) ? ['definitions'] : []),
    ...(schema.dependencies === undefined ? [] : ['dependencies']),
    ...(schema.$ref === undefined ? [] : ['$ref']),
  ].map(name => ({ name, detail: `${name} is not supported` }))
  if (schema.type === 'null') found.push({ name: 'type', detail: 'type cannot be set to null, use nullable as an alternative' })
  const { items } = schema
  if (Array.isArray(items) && items.length > 0) {
    found.push({ name: 'items', detail: 'items must be a schema object and not an array' })
  }
  return found
}

interface Place {
  readonly root?: boolean
  /** Whether the whole schema is structural. */
  readonly structural: boolean
  /** Schemas with an error at them or within. */
  readonly faulty: Set<JSONSchemaProps>
  readonly validTypes?: boolean
  /** Why no default is allowed here. */
  readonly noDefaults?: string
  /** Within kind, version or metadata of an object. */
  readonly meta?: boolean
}

function validateLevel(schema: JSONSchemaProps, place: Place, field: string, options: SchemaOptions, errors: FieldError[]): void {
  const { type = '', properties = {}, additionalProperties, items } = schema
  const before = errors.length
  if (place.validTypes === true && type !== '' && !schemaTypes.includes(type)) {
    errors.push(notSupported(`${field}.type`, type, schemaTypes))
  }
  if (schema.default !== undefined && place.noDefaults !== undefined) {
    errors.push(forbiddenField(`${field}.default`, `must not be set ${place.noDefaults}`))
  }
  for (const { name, detail } of unsupported(schema)) errors.push(forbiddenField(`${field}.${name}`, detail))
  if (place.meta === true && schema['x-kubernetes-embedded-resource'] === true) {
    errors.push(forbiddenField(`${field}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'))
  }
  if (schema.uniqueItems === true) {
    errors.push(forbiddenField(`${field}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'))
  }
  const { root = false, ...inner } = place
  if (additionalProperties !== undefined && additionalProperties !== true && Object.keys(properties).length > 0) {
    errors.push(forbiddenField(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'))
  }
  if (typeof additionalProperties === 'object') {
    const within = inner.meta === true ? { ...inner, noDefaults: 'inside additionalProperties applying to object metadata' } : inner
    validateLevel(additionalProperties, within, `${field}.additionalProperties`, options, errors)
  }
  for (const [name, property] of Object.entries(properties)) {
    const isMeta = (root || schema['x-kubernetes-embedded-resource'] === true) && metaFields.includes(name)
    const within = isMeta ? { ...inner, meta: true, ...(root ? { noDefaults: `in top-level ${name}` } : {}) } : inner
    validateLevel(property, within, `${field}.properties[${name}]`, options, errors)
  }
  const { not, allOf = [], oneOf = [], anyOf = [], definitions = {} } = schema
  if (not !== undefined) validateLevel(not, inner, `${field}.not`, options, errors)
  for (const [name, list] of Object.entries({ allOf, oneOf, anyOf })) {
    for (const [index, option] of list.entries()) validateLevel(option, inner, `${field}.${name}[${index}]`, options, errors)
  }
  for (const [name, definition] of Object.entries(definitions)) {
    validateLevel(definition, inner, `${field}.definitions[${name}]`, options, errors)
  }
  if (Array.isArray(items)) {
    for (const [index, item] of items.entries()) validateLevel(item, inner, `${field}.items[${index}]`, options, errors)
  } else if (items !== undefined) validateLevel(items, inner, `${field}.items`, options, errors)
  for (const [name, dependency] of Object.entries(schema.dependencies ?? {})) {
    if (isSchema(dependency)) validateLevel(dependency, inner, `${field}.dependencies[${name}]`, options, errors)
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(invalidValue(`${field}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  }
  validateMapType(schema, field, errors)
  validateListType(schema, field, options, errors)
  const rules = schema['x-kubernetes-validations'] ?? []
  // A part of a non-structural schema may be structural.
  const hasPlaces = rules.some(({ fieldPath }) => fieldPath) && (place.structural || !someSchema(schema, isNoStructure))
  for (const [index, rule] of rules.entries()) {
    const at = `${field}.x-kubernetes-validations[${index}]`
    validateRule(rule, at, errors)
    if (hasPlaces && rule.fieldPath && !fieldPathOf(rule.fieldPath, schema).ok) {
      errors.push(invalidValue(`${at}.fieldPath`, rule.fieldPath, 'fieldPath must be a valid path'))
    }
  }
  if (errors.length > before) place.faulty.add(schema)
}

function requireType(schema: JSONSchemaProps, wanted: string, extension: string, field: string, errors: FieldError[]): boolean {
  const { type = '' } = schema
  if (type === wanted) return true
  const message = `must be ${wanted} if ${extension} is specified`
  errors.push(type === '' ? required(`${field}.type`, message) : invalidValue(`${field}.type`, type, message))
  return false
}

function validateMapType(schema: JSONSchemaProps, field: string, errors: FieldError[]): void {
  const mapType = schema['x-kubernetes-map-type']
  if (mapType === undefined) return
  requireType(schema, 'object', 'x-kubernetes-map-type', field, errors)
  if (!['atomic', 'granular'].includes(mapType)) {
    errors.push(notSupported(`${field}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']))
  }
}

const itemsOf = ({ items }: JSONSchemaProps): JSONSchemaProps | undefined => (Array.isArray(items) ? undefined : items)

/** Elements of a set must be atomic. */
function unfitElement(item: JSONSchemaProps | undefined): 'x-kubernetes-list-type' | 'x-kubernetes-map-type' | undefined {
  const listType = item?.['x-kubernetes-list-type']
  if (item?.type === 'array' && listType !== undefined && listType !== 'atomic') return 'x-kubernetes-list-type'
  if (item?.type === 'object' && item['x-kubernetes-map-type'] !== 'atomic') return 'x-kubernetes-map-type'
  return undefined
}

export const hasUnfitSet = (schema: JSONSchemaProps): boolean =>
  schema['x-kubernetes-list-type'] === 'set' && unfitElement(itemsOf(schema)) !== undefined

function validateListType(schema: JSONSchemaProps, field: string, options: SchemaOptions, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const item = itemsOf(schema)
  const typeField = `${field}.x-kubernetes-list-type`
  if (listType !== undefined && requireType(schema, 'array', 'x-kubernetes-list-type', field, errors)) {
    const unfit = options.atomicSets && listType === 'set' ? unfitElement(item) : undefined
    if (unfit !== undefined) {
      const shown = item?.['x-kubernetes-list-type'] ?? null
      errors.push(invalidValue(`${field}.items.${unfit}`, shown, 'must be atomic as item of a list with x-kubernetes-list-type=set'))
    }
  }
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType)) {
    errors.push(notSupported(typeField, listType, ['atomic', 'set', 'map']))
  }
  if (keys.length > 0 && listType !== 'map') {
    const message = 'must be map if x-kubernetes-list-map-keys is non-empty'
    errors.push(listType === undefined ? required(typeField, message) : invalidValue(typeField, listType, message))
  }
  if (listType === 'map') validateKeyedList(schema, keys, field, errors)
  if (options.completeKeys) validateKeys(schema, field, errors)
}

function validateKeyedList(schema: JSONSchemaProps, keys: readonly string[], field: string, errors: FieldError[]): void {
  const keysField = `${field}.x-kubernetes-list-map-keys`
  const item = itemsOf(schema)
  if (keys.length === 0) errors.push(required(keysField, 'must not be empty if x-kubernetes-list-type is map'))
  if (schema.items === undefined) {
    errors.push(required(`${field}.items`, 'must have a schema if x-kubernetes-list-type is map'))
  } else if (item === undefined) {
    errors.push(invalidValue(`${field}.items`, schema.items, 'must only have a single schema if x-kubernetes-list-type is map'))
  } else if (item.type !== 'object') {
    const message = "must be object if parent array's x-kubernetes-list-type is map"
    errors.push(invalidValue(`${field}.items.type`, item.type ?? '', message))
  } else {
    const isRepeated = repetition<string>()
    // Once: each error shows all of them.
    let shown: string | undefined
    const fault = (text: string): void => {
      shown ??= goStrings(keys)
      errors.push(invalidShown(keysField, shown, text))
    }
    for (const key of keys) {
      const property = item.properties?.[key]
      if (property === undefined) {
        fault('entries must all be names of item properties')
      } else if (property.type === 'array' || property.type === 'object') {
        const message = "must be a scalar type if parent array's x-kubernetes-list-type is map"
        errors.push(invalidValue(`${field}.items.properties[${key}].type`, item.type, message))
      }
      if (isRepeated(key)) fault('must not contain duplicate entries')
    }
  }
}

/** List elements identified by keys, or as a whole, are never null, and always have their keys. */
export function validateKeys(schema: JSONSchemaProps, field: string, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type']
  const item = itemsOf(schema)
  if (item === undefined || (listType !== 'set' && listType !== 'map')) return
  if (item.nullable === true) {
    errors.push(forbiddenField(`${field}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`))
  }
  if (listType === 'set') return
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const property = item.properties?.[key]
    if (property === undefined) continue
    const at = `${field}.items.properties[${key}]`
    const isKey = 'this property is in x-kubernetes-list-map-keys, so it'
    if (item.required?.includes(key) !== true && property.default === undefined) {
      errors.push(required(`${at}.default`, `${isKey} must have a default or be a required property`))
    }
    if (property.nullable === true) errors.push(forbiddenField(`${at}.nullable`, `${isKey} cannot be nullable`))
  }
}

const hasLineBreak = (text: string): boolean => /[\n\r]/.test(text)

/** Validates everything but the expressions themselves. */
function validateRule(rule: ValidationRule, field: string, errors: FieldError[]): void {
  const { message = '', messageExpression = '', reason, fieldPath = '' } = rule
  const text = rule.rule.trim()
  const shortMessage = message.trim()
  if (text === '') errors.push(required(`${field}.rule`, 'rule is not specified'))
  else if (message !== '' && shortMessage === '') {
    errors.push(invalidValue(`${field}.message`, message, 'message must be non-empty if specified'))
  } else if (hasLineBreak(shortMessage)) {
    errors.push(invalidValue(`${field}.message`, message, 'message must not contain line breaks'))
  } else if (hasLineBreak(text) && shortMessage === '') {
    errors.push(required(`${field}.message`, 'message must be specified if rule contains line breaks'))
  }
  if (messageExpression !== '' && messageExpression.trim() === '') {
    errors.push(required(`${field}.messageExpression`, 'messageExpression must be non-empty if specified'))
  }
  if (reason !== undefined && !reasons.includes(reason)) errors.push(notSupported(`${field}.reason`, reason, reasons))
  if (fieldPath !== '' && fieldPath.trim() === '') {
    errors.push(invalidValue(`${field}.fieldPath`, fieldPath, 'fieldPath must be non-empty if specified'))
  }
  if (hasLineBreak(fieldPath)) {
    errors.push(invalidValue(`${field}.fieldPath`, fieldPath, 'fieldPath must not contain line breaks'))
  }
}
