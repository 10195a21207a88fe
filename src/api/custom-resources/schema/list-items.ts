// Lists with identifiable items: by value (sets), or by key fields (maps). No two are the same.
import { writeJson } from '../../../base/write-json.ts'
import { invalidValue } from '../../field-error.ts'
import { goSyntax } from '../../go-text/go-format.ts'
import { isRecord } from '../../schema/compile.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { duplicateShown, invalidShown } from '../../validation/go-syntax.ts'
import { schemaVisitor, type Visit } from './schema-visitor.ts'
import { pathText } from './value-path.ts'

/** The key of a list item; undefined if it is no object. */
export function itemKey(item: unknown, keys: readonly string[]): string | undefined {
  if (!isRecord(item)) return undefined
  return keys.length === 1 ? writeJson(item[keys[0] ?? ''] ?? null) : writeJson(keys.map(key => item[key] ?? null))
}

/** Finds duplicates anywhere in a resource; undefined if the schema has no such list. */
export function duplicateValidator(schema: JSONSchemaProps): Visit | undefined {
  return schemaVisitor(schema, ({ 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': keys = [] }) =>
    listType === 'set' || listType === 'map' ? duplicatesOf(listType === 'map' ? keys : undefined) : undefined,
  )
}

function duplicatesOf(keys: readonly string[] | undefined): Visit {
  return (value, path, errors) => {
    if (!Array.isArray(value)) return
    const unkeyed = keys === undefined ? -1 : value.findIndex(item => item !== null && !isRecord(item))
    if (unkeyed !== -1) {
      const at = pathText([...path, unkeyed])
      const text = 'must be an object for an array of list-type map'
      const item: unknown = value[unkeyed]
      errors.push(Array.isArray(item) ? invalidShown(at, goSyntax(item), text) : invalidValue(at, item, text))
      return
    }
    const seen = new Set<string>()
    const reported = new Set<string>()
    for (const [index, item] of value.entries()) {
      const key = keys === undefined ? writeJson(item) : itemKey(item, keys)
      if (key === undefined) continue
      if (seen.has(key) && !reported.has(key)) {
        reported.add(key)
        errors.push(duplicateShown(pathText([...path, index]), goSyntax(shown(item, keys))))
      }
      seen.add(key)
    }
  }
}

/** The whole item of a set, the key fields of others. */
function shown(item: unknown, keys: readonly string[] | undefined): unknown {
  if (keys === undefined || !isRecord(item)) return item
  return Object.fromEntries(keys.filter(key => item[key] !== undefined).map(key => [key, item[key]]))
}
