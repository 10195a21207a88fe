// Finds the old value of a value in an update, and whether it changed: upstream's ratcheting by the schema.
import { sameValue } from '../../same-value.ts'
import { isRecord } from '../../schema/compile.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { itemKey } from './list-items.ts'
import { isSchema } from './schema-reader.ts'

/** Stands for the old value if there is none to compare with. */
export const uncorrelated = Symbol('uncorrelated')

/** The old list item with the same key; only lists with keys are correlated. */
export function oldItems(schema: JSONSchemaProps, old: unknown): ((item: unknown) => unknown) | undefined {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return undefined
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const byKey = new Map(old.map(item => [itemKey(item, keys), item]))
  return item => {
    const key = itemKey(item, keys)
    return key !== undefined && byKey.has(key) ? byKey.get(key) : uncorrelated
  }
}

/** The comparisons of one update. Cached for objects, each of which has only one place. */
export class OldValues {
  readonly #same = new Map<object, boolean>()

  /**
   * Items of lists with keys may change their order. A value outside the schema counts as changed, and so does a whole resource, because of
   * its metadata.
   */
  unchanged(schema: JSONSchemaProps, value: unknown, old: unknown): boolean {
    if (typeof value !== 'object' || value === null) return value === old
    const known = this.#same.get(value)
    if (known !== undefined) return known
    const same = Array.isArray(value) ? this.#sameItems(schema, value, old) : this.#sameMembers(schema, value, old)
    this.#same.set(value, same)
    return same
  }

  #sameItems(schema: JSONSchemaProps, value: readonly unknown[], old: unknown): boolean {
    const { items } = schema
    const oldItem = isSchema(items) ? oldItems(schema, old) : undefined
    if (oldItem === undefined || !isSchema(items)) return sameValue(value, old)
    return Array.isArray(old) && value.length === old.length && value.every(item => this.unchanged(items, item, oldItem(item)))
  }

  #sameMembers({ properties = {}, additionalProperties }: JSONSchemaProps, value: object, old: unknown): boolean {
    if (!isRecord(value) || !isRecord(old)) return false
    const names = Object.keys(value)
    if (names.length !== Object.keys(old).length) return false
    const schemaOf = (name: string) => (Object.hasOwn(properties, name) ? properties[name] : additionalProperties)
    return names.every(name => {
      const schema = schemaOf(name)
      return isSchema(schema) && Object.hasOwn(old, name) && this.unchanged(schema, value[name], old[name])
    })
  }
}
