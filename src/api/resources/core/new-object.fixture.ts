// For tests: processes a new object as the server between decoding and the store.
import { formatFieldError } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { ResourceDefinition } from '../resource.ts'

export const fixtureTime = Date.parse('2026-01-01T00:00:00Z')

export interface Validated<T> {
  readonly object: T
  /** `field: message` of each error beyond generic metadata. */
  readonly errors: readonly string[]
  readonly fields: readonly string[]
}

/** Defaults, prepares and validates a copy. */
export function validateNew<T extends KubeObject>(definition: ResourceDefinition<T>, input: T): Validated<T> {
  const object = structuredClone(input)
  definition.setDefaults?.(object)
  definition.writing?.dropEmpty?.(object, undefined)
  definition.prepareForCreate?.(object, { now: fixtureTime })
  const errors = [...(definition.writing?.validateFirst?.(object) ?? []), ...(definition.validate?.(object) ?? [])]
  return { object, errors: errors.map(formatFieldError), fields: errors.map(({ field }) => field) }
}

/** The same for an update through the main path; `change` alters a copy of the stored object. */
export function validateUpdate<T extends KubeObject>(definition: ResourceDefinition<T>, old: T, change: (object: T) => void): Validated<T> {
  const object = structuredClone(old)
  change(object)
  definition.setDefaults?.(object)
  definition.writing?.dropEmpty?.(object, old)
  definition.prepare?.(object, old, { now: fixtureTime })
  const errors = [(definition.validateUpdate ?? definition.validate)?.(object, old) ?? []].flat(2)
  return { object, errors: errors.map(formatFieldError), fields: errors.map(({ field }) => field) }
}

/** The same for an update through a subresource whose body is the object itself. */
export function validateSubresource<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  name: string,
  old: T,
  change: (object: T) => void,
): Validated<T> {
  const subresource = definition.subresources.find(each => each.name === name)
  if (subresource === undefined) throw new Error(`${definition.kind} has no subresource ${name}`)
  const object = structuredClone(old)
  change(object)
  definition.setDefaults?.(object)
  subresource.prepare?.(object, old, { now: fixtureTime })
  const errors = [subresource.validate?.(object, old) ?? []].flat(2)
  return { object, errors: errors.map(formatFieldError), fields: errors.map(({ field }) => field) }
}

/** One row of the table, with the age of an object one hour after its creation. */
export function row<T extends KubeObject>(definition: ResourceDefinition<T>, object: T, now = fixtureTime): Record<string, unknown> {
  return Object.fromEntries(definition.columns.map(({ name, cell }) => [name, cell(object, now)]))
}
