// Why a configuration is no object of a custom kind, in the words of upstream's typed values.
import { type FormKind, formProblem, keyedProblems, kindProblem, typedProblems } from '../patch/apply/typed-problems.ts'
import { isRecord } from '../schema/compile.ts'
import { structByKey } from '../schema/model.ts'
import type { JSONSchemaProps } from '../types/apiextensions-v1.ts'
import { isSchema, metaFields } from './schema-reader.ts'
import { shapeOfSchema } from './schema-shape.ts'

/** Each as `path: problem`. Null is of every type. */
export function customTypedProblems(value: unknown, schema: JSONSchemaProps): string[] {
  return problemsAt(value, schema, '', true)
}

const forms: Readonly<Record<string, FormKind>> = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean' }

function problemsAt(value: unknown, schema: JSONSchemaProps, path: string, root: boolean): string[] {
  if (value === null || value === undefined) return []
  switch (schema.type) {
    case 'object':
      return isRecord(value) ? memberProblems(value, schema, path, root) : [kindProblem(path, 'map', value)]
    case 'array':
      return Array.isArray(value) ? itemProblems(value, schema, path) : [kindProblem(path, 'list', value)]
    default:
      return formProblem(value, forms[schema.type ?? ''] ?? 'any').map(problem => `${path}: ${problem}`)
  }
}

function memberProblems(value: Record<string, unknown>, schema: JSONSchemaProps, path: string, root: boolean): string[] {
  const { properties = {}, additionalProperties } = schema
  const isResource = root || schema['x-kubernetes-embedded-resource'] === true
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true
  return Object.entries(value).flatMap(([name, member]) => {
    const at = `${path}.${name}`
    if (isResource && metaFields.has(name)) return metadataProblems(member, name, at)
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property !== undefined) return problemsAt(member, property, at, false)
    if (isSchema(additionalProperties)) return problemsAt(member, additionalProperties, at, false)
    return keeps ? [] : [`${at}: field not declared in schema`]
  })
}

function metadataProblems(value: unknown, name: string, path: string): string[] {
  const type = structByKey('meta/v1.ObjectMeta')
  return name === 'metadata' && type !== undefined ? typedProblems(value, type, path) : []
}

function itemProblems(items: readonly unknown[], schema: JSONSchemaProps, path: string): string[] {
  const item = isSchema(schema.items) ? schema.items : undefined
  if (item === undefined) return []
  const shape = shapeOfSchema(schema)
  if (shape.kind !== 'list') return items.flatMap((one, index) => problemsAt(one, item, `${path}[${index}]`, false))
  return keyedProblems(items, shape, path, (one, at) => problemsAt(one, item, at, false))
}
