// The lists and maps of custom resources for field management, from the schema.

import { atomic, deduced, leaf, type Shape, type StructShape, shapeOfStruct } from '../../patch/apply/shape.ts'
import { structByKey } from '../../schema/model.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { isSchema } from './schema-reader.ts'

/** For a whole resource. Shapes of fields are created lazily. */
export function resourceShape(schema: JSONSchemaProps): Shape {
  return objectShape(schema, true)
}

export function shapeOfSchema(schema: JSONSchemaProps): Shape {
  switch (schema.type) {
    case 'object':
      return schema['x-kubernetes-map-type'] === 'atomic' ? atomic : objectShape(schema, schema['x-kubernetes-embedded-resource'] === true)
    case 'array':
      return listShape(schema)
    case undefined:
    case '':
      return schema['x-kubernetes-int-or-string'] === true ? leaf : deduced
    default:
      return leaf
  }
}

function listShape(schema: JSONSchemaProps): Shape {
  const { items } = schema
  const listType = schema['x-kubernetes-list-type']
  if (!isSchema(items) || (listType !== 'set' && listType !== 'map')) return atomic
  const names = listType === 'map' ? [...(schema['x-kubernetes-list-map-keys'] ?? [])].sort() : []
  return { kind: 'list', item: shapeOfSchema(items), keys: names.map(name => ({ name, default: items.properties?.[name]?.default })) }
}

function objectShape(schema: JSONSchemaProps, isResource: boolean): Shape {
  const { properties = {}, additionalProperties } = schema
  if (isSchema(additionalProperties)) return { kind: 'map', item: shapeOfSchema(additionalProperties) }
  if (additionalProperties === true) return { kind: 'map', item: deduced }
  const fields = new Map<string, Shape>()
  const made = (name: string): Shape | undefined => {
    if (isResource && name === 'metadata') return metadataShape()
    if (isResource && (name === 'apiVersion' || name === 'kind')) return leaf
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    return property === undefined ? undefined : shapeOfSchema(property)
  }
  const shape: StructShape = {
    kind: 'struct',
    field(name) {
      const known = fields.get(name) ?? made(name)
      if (known !== undefined) fields.set(name, known)
      return known
    },
    isNullWhenAbsent: () => false,
    leftOut: [],
  }
  return shape
}

function metadataShape(): Shape {
  const type = structByKey('meta/v1.ObjectMeta')
  // Upstream keeps these as sent, not as Go structs.
  return type === undefined ? deduced : { ...shapeOfStruct(type), leftOut: [] }
}
