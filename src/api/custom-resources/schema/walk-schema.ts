// All schemas within a schema.
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'

/** Deeper schemas are rejected before they exhaust the stack. */
export const maxDepth = 200

export const isSchema = (value: unknown): value is JSONSchemaProps => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether the predicate holds for the schema or one within it. */
export function someSchema(schema: JSONSchemaProps, is: (schema: JSONSchemaProps) => boolean): boolean {
  return is(schema) || schemasWithin(schema).some(inner => someSchema(inner, is))
}

/** `limit + 1` for anything deeper than the limit. */
export function depthOf(schema: JSONSchemaProps, limit = maxDepth): number {
  if (limit === 0) return 1
  return 1 + schemasWithin(schema).reduce((deepest, inner) => Math.max(deepest, depthOf(inner, limit - 1)), 0)
}

function schemasWithin(schema: JSONSchemaProps): JSONSchemaProps[] {
  const { items, allOf = [], anyOf = [], oneOf = [], not, properties = {}, additionalProperties } = schema
  const { patternProperties = {}, additionalItems, definitions = {}, dependencies = {} } = schema
  return [
    ...(Array.isArray(items) ? items : [items]),
    ...allOf,
    ...anyOf,
    ...oneOf,
    not,
    ...Object.values(properties),
    additionalProperties,
    ...Object.values(patternProperties),
    additionalItems,
    ...Object.values(definitions),
    ...Object.values(dependencies),
  ].filter(isSchema)
}

/** A copy without descriptions, which are most of a schema's bytes. */
export function withoutProse(schema: JSONSchemaProps): JSONSchemaProps {
  const { description: _description, title: _title, example: _example, externalDocs: _docs, ...rest } = schema
  for (const name of ['items', 'additionalProperties', 'not'] as const) {
    if (isSchema(rest[name])) rest[name] = withoutProse(rest[name])
  }
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) if (rest[name] !== undefined) rest[name] = rest[name].map(withoutProse)
  if (rest.properties !== undefined) {
    rest.properties = Object.fromEntries(Object.entries(rest.properties).map(([name, property]) => [name, withoutProse(property)]))
  }
  return rest
}
