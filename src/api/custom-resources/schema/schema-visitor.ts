// Walks values along a schema, only to the places that some part of it concerns.
import type { FieldError } from '../../field-error.ts'
import { isRecord } from '../../schema/compile.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { isSchema } from './schema-reader.ts'
import type { PathStep } from './value-path.ts'

/** `path` is modified during the walk and restored. */
export type Visit = (value: unknown, path: PathStep[], errors: FieldError[]) => void

/** `visitAt` returns the visitor of a place; undefined if there is nothing to do anywhere. */
export function schemaVisitor(schema: JSONSchemaProps, visitAt: (schema: JSONSchemaProps) => Visit | undefined): Visit | undefined {
  const here = visitAt(schema)
  const inItem = isSchema(schema.items) ? schemaVisitor(schema.items, visitAt) : undefined
  const inOther = isSchema(schema.additionalProperties) ? schemaVisitor(schema.additionalProperties, visitAt) : undefined
  const inProperty = new Map<string, Visit>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const visit = schemaVisitor(property, visitAt)
    if (visit !== undefined) inProperty.set(name, visit)
  }
  if (here === undefined && inItem === undefined && inOther === undefined && inProperty.size === 0) return undefined
  return (value, path, errors) => {
    here?.(value, path, errors)
    if (Array.isArray(value)) {
      if (inItem !== undefined) for (const [index, item] of value.entries()) step(inItem, item, index, path, errors)
    } else if (isRecord(value)) {
      for (const [name, visit] of inProperty) if (value[name] !== undefined) step(visit, value[name], name, path, errors)
      if (inOther !== undefined) for (const key of Object.keys(value)) step(inOther, value[key], { key }, path, errors)
    }
  }
}

function step(visit: Visit, value: unknown, name: PathStep, path: PathStep[], errors: FieldError[]): void {
  path.push(name)
  visit(value, path, errors)
  path.pop()
}
