// The structural rules that a CustomResourceDefinition's schema must keep, so that objects can be pruned and defaulted by it.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
/** Deeper schemas are refused before they exhaust the stack. */
const maxDepth = 200

type Level = 'root' | 'field' | 'item'

const missingType: Record<Level, string> = {
  root: 'must not be empty at the root',
  field: 'must not be empty for specified object fields',
  item: 'must not be empty for specified array items',
}

export function validateStructuralSchema(schema: JSONSchemaProps, field: string, errors: FieldError[]): void {
  validateLevel(schema, 'root', field, errors, 0)
}

function validateLevel(schema: JSONSchemaProps, level: Level, field: string, errors: FieldError[], depth: number): void {
  if (depth > maxDepth) {
    errors.push(forbiddenField(field, `schemas may not be nested more than ${maxDepth} levels deep`))
    return
  }
  validateType(schema, level, field, errors)
  validateExtensions(schema, field, errors)
  const { properties = {}, items, additionalProperties } = schema
  for (const name in properties) {
    const property = properties[name]
    if (property !== undefined) validateLevel(property, 'field', `${field}.properties[${name}]`, errors, depth + 1)
  }
  if (Array.isArray(items)) errors.push(forbiddenField(`${field}.items`, 'items must be a schema object and not an array'))
  else if (items !== undefined) validateLevel(items, 'item', `${field}.items`, errors, depth + 1)
  if (typeof additionalProperties === 'object') {
    if (Object.keys(properties).length > 0) {
      errors.push(forbiddenField(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'))
    }
    validateLevel(additionalProperties, 'field', `${field}.additionalProperties`, errors, depth + 1)
  } else if (additionalProperties === false) {
    errors.push(forbiddenField(`${field}.additionalProperties`, 'additionalProperties cannot be set to false'))
  }
}

function validateType(schema: JSONSchemaProps, level: Level, field: string, errors: FieldError[]): void {
  const { type = '' } = schema
  if (type === '') {
    const free = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
    if (level === 'root' || !free) errors.push(required(`${field}.type`, missingType[level]))
    return
  }
  if (level === 'root' && type !== 'object') errors.push(invalidValue(`${field}.type`, type, 'must be object at the root'))
  if (!types.includes(type)) errors.push(notSupported(`${field}.type`, type, types))
  if (type === 'array' && schema.items === undefined) {
    errors.push(required(`${field}.items`, 'must be specified'))
  }
  if (schema['x-kubernetes-embedded-resource'] === true && type !== 'object') {
    errors.push(invalidValue(`${field}.type`, type, 'must be object if x-kubernetes-embedded-resource is true'))
  }
}

function validateExtensions(schema: JSONSchemaProps, field: string, errors: FieldError[]): void {
  if (schema.uniqueItems === true) {
    errors.push(forbiddenField(`${field}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'))
  }
  for (const name of ['id', '$ref', 'definitions', 'dependencies', 'patternProperties', 'additionalItems'] as const) {
    if (schema[name] !== undefined && schema[name] !== '') errors.push(forbiddenField(`${field}.${name}`, `${name} is not supported`))
  }
  const listType = schema['x-kubernetes-list-type']
  if (listType !== undefined) {
    if (!['atomic', 'set', 'map'].includes(listType)) {
      errors.push(notSupported(`${field}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']))
    }
    const keys = schema['x-kubernetes-list-map-keys'] ?? []
    if (listType === 'map' && keys.length === 0) {
      errors.push(required(`${field}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'))
    }
  }
  const preserve = schema['x-kubernetes-preserve-unknown-fields']
  if (preserve === false) {
    errors.push(invalidValue(`${field}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  }
}
