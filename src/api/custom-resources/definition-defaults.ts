// Judges the defaults of a definition's schema: each is a value that the schema itself allows.
import { type FieldError, forbiddenField } from '../field-error.ts'
import { goSyntax } from '../patch/go-format.ts'
import type { JSONSchemaProps } from '../types/apiextensions-v1.ts'
import { invalidShown } from '../validation/go-syntax.ts'
import { embeddedJudge } from './embedded-resource.ts'
import { defaultJudge, distinctErrors, maxJudgedSteps, TooManySteps, uncorrelated, Walk } from './schema-judge.ts'
import { isSchema, metaFields } from './schema-reader.ts'
import { hasUnknownFields } from './unknown-fields.ts'

/**
 * For a structural schema; `root` is set for whole resources. Values of maps have no defaults, and those of metadata are forbidden elsewhere.
 * Schemas whose default is no value of theirs are added to `wrong`.
 */
export function judgeDefaults(schema: JSONSchemaProps, field: string, wrong: Set<JSONSchemaProps>, root = true): FieldError[] {
  const isResource = root || schema['x-kubernetes-embedded-resource'] === true
  const errors = schema.default === undefined || schema.default === null ? [] : judgeDefault(schema, isResource, `${field}.default`)
  if (errors.length > 0) wrong.add(schema)
  if (isSchema(schema.items)) errors.push(...judgeDefaults(schema.items, `${field}.items`, wrong, false))
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (isResource && metaFields.has(name)) continue
    errors.push(...judgeDefaults(property, `${field}.properties[${name}]`, wrong, false))
  }
  return errors
}

function judgeDefault(schema: JSONSchemaProps, isResource: boolean, field: string): FieldError[] {
  const { default: value } = schema
  const hasMore = hasUnknownFields(value, schema, isResource)
  const errors = hasMore ? [invalidShown(field, goSyntax(value), 'must not have unknown fields')] : []
  const embedded: FieldError[] = []
  embeddedJudge(isResource ? { ...schema, 'x-kubernetes-embedded-resource': true } : schema)?.(value, [], embedded)
  if (embedded.length > 0) return [...errors, ...embedded.map(error => withinDefault(error, field))]
  const walk = new Walk(false)
  try {
    defaultJudge(schema)(value, walk, uncorrelated)
  } catch (err) {
    if (!(err instanceof TooManySteps)) throw err
    return [...errors, forbiddenField(field, `the default takes more than ${maxJudgedSteps} steps to validate by its schema`)]
  }
  return [...errors, ...distinctErrors(walk.errors).map(error => belowDefault(error, field))]
}

/** As upstream, the schema's own judgement puts a dot before whatever stands below the default, be it an index. */
function belowDefault(error: FieldError, field: string): FieldError {
  return { ...error, field: error.field === '<nil>' ? field : `${field}.${error.field.replace(/^\./, '')}` }
}

/** Messages name the place within the default, which is at `field`. */
export function withinDefault(error: FieldError, field: string): FieldError {
  if (error.field === '<nil>') return { ...error, field }
  return { ...error, field: error.field.startsWith('[') ? `${field}${error.field}` : `${field}.${error.field}` }
}
