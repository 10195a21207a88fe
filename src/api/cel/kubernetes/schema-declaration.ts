// Schemas of custom resources as CEL types, with the sizes that cost estimates need.
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import type { SizeOf } from '../check/cost.ts'
import { bool, bytes, type CelType, double, duration, dyn, int, list, map, objectType, string, timestamp } from '../values/type.ts'
import { escapeFieldName } from './field-names.ts'
import { maxRequestBytes } from './limits.ts'

/** The CEL view of a part of a schema. */
export interface SchemaDeclaration {
  readonly type: CelType
  /** Bytes of the smallest value in JSON. */
  readonly minBytes: number
  /** Characters, items or entries of the largest value; 0 for values without a size. */
  readonly maxSize: number
  /** For the items of a list, or the values of a map. */
  readonly items?: SchemaDeclaration
  /** For the fields of an object, by their identifiers. */
  readonly fields?: ReadonlyMap<string, SchemaDeclaration>
}

/** The declaration of a schema; undefined if expressions may not see it. `name` is its type's name in messages. `root` is set for whole resources. */
export function declareSchema(schema: JSONSchemaProps, root: boolean, name = 'object'): SchemaDeclaration | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return { type: dyn, minBytes: 1, maxSize: schema.maxLength === undefined ? maxRequestBytes - 2 : characters(schema.maxLength) }
  }
  switch (schema.type) {
    case 'array':
      return declareList(schema, name)
    case 'object':
      return declareObject(root ? withMetadata(schema) : schema, name)
    case 'string':
      return declareString(schema)
    case 'boolean':
      return { type: bool, minBytes: 4, maxSize: 0 }
    case 'number':
      return { type: double, minBytes: 1, maxSize: 0 }
    case 'integer':
      return { type: int, minBytes: 1, maxSize: 0 }
    default:
      return undefined
  }
}

/** Sizes along the paths from all variables that have a value of this schema. */
export function sizesOf(root: SchemaDeclaration): SizeOf {
  return ({ path }) => {
    if (path === undefined || path.length === 0) return undefined
    let at: SchemaDeclaration | undefined = root
    for (const step of path.slice(1)) {
      // Keys of maps have no bound, and upstream counts them as empty.
      if (step === '@keys') return at?.items === undefined ? undefined : { min: 0, max: 0 }
      at = step === '@items' || step === '@values' ? at?.items : at?.fields?.get(step)
      if (at === undefined) return undefined
    }
    return { min: 0, max: at.maxSize }
  }
}

const positive = (value: number): number => Math.max(0, value)
/** A schema counts characters, each of up to four bytes. */
const characters = (length: number): number => positive(length) * 4
const isEmbedded = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-embedded-resource'] === true

function declareList(schema: JSONSchemaProps, name: string): SchemaDeclaration | undefined {
  if (schema.items === undefined || Array.isArray(schema.items)) return undefined
  const items = declareSchema(schema.items, isEmbedded(schema.items), `${name}.@idx`)
  if (items === undefined) return undefined
  const maxSize = schema.maxItems === undefined ? Math.floor((maxRequestBytes - 2) / (items.minBytes + 1)) : positive(schema.maxItems)
  return { type: list(items.type), minBytes: 2, maxSize, items }
}

function declareObject(schema: JSONSchemaProps, name: string): SchemaDeclaration | undefined {
  const { additionalProperties, properties = {}, required = [] } = schema
  if (typeof additionalProperties === 'object') {
    const items = declareSchema(additionalProperties, isEmbedded(additionalProperties), `${name}.@elem`)
    if (items === undefined) return undefined
    // A quoted key, colon, comma and the smallest value.
    const most = Math.floor((maxRequestBytes - 2) / (items.minBytes + 6))
    return {
      type: map(string, items.type),
      minBytes: 2,
      maxSize: schema.maxProperties === undefined ? most : positive(schema.maxProperties),
      items,
    }
  }
  const fields = new Map<string, SchemaDeclaration>()
  let minBytes = 2
  for (const [property, child] of Object.entries(properties)) {
    const declared = declareSchema(child, isEmbedded(child), `${name}.${property}`)
    if (declared === undefined) continue
    const identifier = escapeFieldName(property)
    if (identifier !== undefined) fields.set(identifier, declared)
    // A field with a default may be missing in a request.
    if (required.includes(property) && child.default === undefined) minBytes += property.length + declared.minBytes + 4
  }
  return { type: objectType(name, field => fields.get(field)?.type), minBytes, maxSize: 0, fields }
}

const formats: Readonly<Record<string, SchemaDeclaration>> = {
  duration: { type: duration, minBytes: 3, maxSize: 32 },
  date: { type: timestamp, minBytes: 12, maxSize: 12 },
  'date-time': { type: timestamp, minBytes: 21, maxSize: 32 },
}

function declareString({ format = '', maxLength, enum: values = [] }: JSONSchemaProps): SchemaDeclaration {
  const known = Object.hasOwn(formats, format) ? formats[format] : undefined
  if (known !== undefined) return known
  if (format === 'byte') return { type: bytes, minBytes: 2, maxSize: maxLength === undefined ? maxRequestBytes - 2 : positive(maxLength) }
  if (maxLength !== undefined) return { type: string, minBytes: 2, maxSize: characters(maxLength) }
  const longest = values.reduce<number>((most, value) => (typeof value === 'string' ? Math.max(most, Buffer.byteLength(value)) : most), 0)
  return { type: string, minBytes: 2, maxSize: values.length > 0 ? longest : maxRequestBytes - 2 }
}

/** Expressions always see kind and name of a resource, whatever its schema says. */
export function withMetadata(schema: JSONSchemaProps): JSONSchemaProps {
  const text: JSONSchemaProps = { type: 'string' }
  const metadata: JSONSchemaProps = { type: 'object', properties: { name: text, generateName: text } }
  return { ...schema, properties: { ...schema.properties, kind: text, apiVersion: text, metadata } }
}
