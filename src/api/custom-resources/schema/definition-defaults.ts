// Validates the defaults of a definition's schema: each must be valid by the schema itself.
import type { FieldError } from '../../field-error.ts'
import { goSyntax } from '../../go-text/go-format.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { invalidShown } from '../../validation/go-syntax.ts'
import { below, validateBy } from '../validate-value.ts'
import { embeddedValidator } from './embedded-resource.ts'
import { uncorrelated } from './old-values.ts'
import { isSchema, metaFields } from './schema-reader.ts'
import { defaultValidator } from './schema-validator.ts'
import { hasUnknownFields } from './unknown-fields.ts'

/**
 * For a structural schema; `root` is set for whole resources. Values of maps have no defaults, and defaults in metadata are rejected
 * elsewhere. Schemas with an invalid default are added to `wrong`.
 */
export function validateDefaults(schema: JSONSchemaProps, field: string, wrong: Set<JSONSchemaProps>, root = true): FieldError[] {
  const isResource = root || schema['x-kubernetes-embedded-resource'] === true
  const errors: FieldError[] = []
  if (schema.default !== undefined && schema.default !== null) {
    const value = schema.default
    const faults = validateDefault(schema, isResource, `${field}.default`)
    if (faults.length > 0) wrong.add(schema)
    // Rules still see a default with more fields than its schema names.
    if (hasUnknownFields(value, schema, isResource))
      errors.push(invalidShown(`${field}.default`, goSyntax(value), 'must not have unknown fields'))
    errors.push(...faults)
  }
  if (isSchema(schema.items)) errors.push(...validateDefaults(schema.items, `${field}.items`, wrong, false))
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (isResource && metaFields.has(name)) continue
    errors.push(...validateDefaults(property, `${field}.properties[${name}]`, wrong, false))
  }
  return errors
}

function validateDefault(schema: JSONSchemaProps, isResource: boolean, field: string): FieldError[] {
  const { default: value } = schema
  const embedded: FieldError[] = []
  embeddedValidator(isResource ? { ...schema, 'x-kubernetes-embedded-resource': true } : schema)?.(value, [], embedded)
  if (embedded.length > 0) return embedded.map(error => withinDefault(error, field))
  const { errors: wrong } = validateBy(defaultValidator(schema), value, uncorrelated)
  return wrong.map(error => below(error, field))
}

/** Messages name the place within the default, which is at `field`. */
export function withinDefault(error: FieldError, field: string): FieldError {
  if (error.field === '<nil>') return { ...error, field }
  return { ...error, field: error.field.startsWith('[') ? `${field}${error.field}` : `${field}.${error.field}` }
}
