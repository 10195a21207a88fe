// Why an apply configuration is no object of a custom kind, in the words of upstream's typed values.
import {
  type FormKind,
  formProblem,
  keyedProblems,
  kindProblem,
  memberProblems,
  typedProblems,
  type ValidatedForm,
} from '../../patch/apply/typed-problems.ts'
import { isRecord } from '../../schema/compile.ts'
import { structByKey } from '../../schema/model.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { isSchema, metaFields } from './schema-reader.ts'
import { shapeOfSchema } from './schema-shape.ts'

/** Each as `path: problem`. Null is of every type. */
export function customTypedProblems(value: unknown, schema: JSONSchemaProps, validated: ValidatedForm = 'configuration'): string[] {
  return problemsAt(value, schema, '', { validated, isRoot: true, keepsUnknown: false })
}

/** The context of a place beside its schema. */
interface Place {
  readonly validated: ValidatedForm
  readonly isRoot: boolean
  /** Unknown fields are kept around it: here they have any type, though they may be pruned later. */
  readonly keepsUnknown: boolean
}

const forms: Readonly<Record<string, FormKind>> = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean' }

function problemsAt(value: unknown, schema: JSONSchemaProps, path: string, place: Place): string[] {
  if (value === null || value === undefined) return []
  const inner: Place = {
    ...place,
    isRoot: false,
    keepsUnknown: place.keepsUnknown || schema['x-kubernetes-preserve-unknown-fields'] === true,
  }
  switch (schema.type) {
    case 'object':
      return isRecord(value) ? objectProblems(value, schema, path, place.isRoot, inner) : [kindProblem(path, 'map', value)]
    case 'array':
      return Array.isArray(value) ? itemProblems(value, schema, path, inner) : [kindProblem(path, 'list', value)]
    default:
      return formProblem(value, formOf(schema)).map(problem => `${path}: ${problem}`)
  }
}

/** As upstream, a text with a format is any scalar, except bytes, which are text in JSON. */
function formOf({ type = '', format = '' }: JSONSchemaProps): FormKind {
  return type === 'string' && format !== '' && format !== 'byte' ? 'scalar' : (forms[type] ?? 'any')
}

function objectProblems(value: Record<string, unknown>, schema: JSONSchemaProps, path: string, isRoot: boolean, inner: Place): string[] {
  const { properties = {}, additionalProperties } = schema
  const isResource = isRoot || schema['x-kubernetes-embedded-resource'] === true
  // An object without properties may contain anything.
  const isFree = !isResource && additionalProperties === undefined && Object.keys(properties).length === 0
  const keeps = inner.keepsUnknown || isFree || additionalProperties === true
  return memberProblems(value, path, (name, member, at) => {
    if (isResource && metaFields.has(name)) return metadataProblems(member, name, at, inner.validated)
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property !== undefined) return problemsAt(member, property, at, inner)
    if (isSchema(additionalProperties)) return problemsAt(member, additionalProperties, at, inner)
    return keeps ? [] : undefined
  })
}

function metadataProblems(value: unknown, name: string, path: string, validated: ValidatedForm): string[] {
  if (name !== 'metadata') return value === null ? [] : formProblem(value, 'string').map(problem => `${path}: ${problem}`)
  const type = structByKey('meta/v1.ObjectMeta')
  return type === undefined ? [] : typedProblems(value, type, validated, path)
}

function itemProblems(items: readonly unknown[], schema: JSONSchemaProps, path: string, inner: Place): string[] {
  const item = isSchema(schema.items) ? schema.items : undefined
  if (item === undefined) return []
  const shape = shapeOfSchema(schema)
  if (shape.kind !== 'list') return items.flatMap((one, index) => problemsAt(one, item, `${path}[${index}]`, inner))
  return keyedProblems(items, shape, inner.validated, path, (one, at) => problemsAt(one, item, at, inner))
}
