// Why a strategically patched value is no object of its kind. Upstream converts it from a map to its struct by a converter with its own
// messages, not by the decoder of requests: apimachinery's runtime.DefaultUnstructuredConverter.
import { isRecord } from '../schema/compile.ts'
import { examine } from '../schema/decode-exact.ts'
import { nodeOfValue } from '../schema/json-text.ts'
import type { ScalarType, SchemaType } from '../schema/model.ts'

/** The first problem, fields in struct order; undefined if that converter would find none. */
export function restoreError(value: unknown, type: SchemaType): string | undefined {
  if (value === null || value === undefined) return undefined
  switch (type.kind) {
    case 'struct':
      if (!isRecord(value)) return `cannot restore struct from: ${goKind(value)}`
      return first(type.byName, ([name, field]) => (Object.hasOwn(value, name) ? restoreError(value[name], field.type) : undefined))
    case 'map':
      if (!isRecord(value)) return `cannot restore map from ${goKind(value)}`
      return first(Object.values(value), member => restoreError(member, type.item))
    case 'list':
      if (!Array.isArray(value)) return `cannot restore slice from ${goKind(value)}`
      return first(value, item => restoreError(item, type.item))
    default:
      return scalarError(value, type)
  }
}

/**
 * `unknown field "spec.foo"` in that converter's order: a struct's own after those of its fields, and without map keys. Upstream's order
 * within one struct is random.
 */
export function unknownFields(value: unknown, type: SchemaType, path = ''): string[] {
  if (type.kind === 'list') {
    return Array.isArray(value) ? value.flatMap((item, index) => unknownFields(item, type.item, `${path}[${index}]`)) : []
  }
  if (!isRecord(value)) return []
  if (type.kind === 'map') return Object.values(value).flatMap(member => unknownFields(member, type.item, path))
  if (type.kind !== 'struct') return []
  const pathOf = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const inner = type.fields.flatMap(({ name, type: field }) =>
    Object.hasOwn(value, name) ? unknownFields(value[name], field, pathOf(name)) : [],
  )
  const own = Object.keys(value).filter(name => !type.byName.has(name))
  return [...inner, ...own.map(name => `unknown field "${pathOf(name)}"`)]
}

function scalarError(value: unknown, type: ScalarType): string | undefined {
  switch (type.kind) {
    case 'string':
      if (typeof value === 'string') return undefined
      return goKind(value) === 'int64' ? `cannot convert int64 to ${type.go}` : 'unrecognized type: string'
    case 'bool':
      return typeof value === 'boolean' ? undefined : 'unrecognized type: bool'
    case 'int32':
    case 'int64':
    case 'uint32':
      if (typeof value === 'bigint') return undefined
      if (typeof value !== 'number') return `unrecognized type: ${type.kind}`
      return Number.isInteger(value) ? undefined : `cannot convert float64 to ${type.go}`
    case 'float64':
      return typeof value === 'number' || typeof value === 'bigint' ? undefined : 'unrecognized type: float64'
    case 'bytes': {
      if (Array.isArray(value)) return first(value, byteError)
      if (typeof value !== 'string') return `cannot restore slice from ${goKind(value)}`
      const problem = examine(nodeOfValue(value), type).error
      return problem === undefined ? undefined : `error decoding from json: ${problem}`
    }
    default:
      // Types with their own decoder use it here too.
      return examine(nodeOfValue(value), type).error
  }
}

function byteError(value: unknown): string | undefined {
  if (value === null || Number.isInteger(value)) return undefined
  return typeof value === 'number' ? 'cannot convert float64 to uint8' : 'unrecognized type: uint8'
}

/** Go's reflection kind of a JSON value. */
function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'bigint') return 'int64'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'string' ? 'string' : 'map'
}

function first<T>(items: Iterable<T>, problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item)
    if (problem !== undefined) return problem
  }
  return undefined
}
