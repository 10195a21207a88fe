// The default of a scalar field as OpenAPI v3 documents publish it, also used by field management.
import type { ScalarKind, SchemaField } from './model.ts'

const zeros: Partial<Record<ScalarKind, unknown>> = { string: '', bool: false, int32: 0, int64: 0, uint32: 0, float64: 0 }

/** Go's zero value of the kind; undefined for kinds with their own form. */
export function zeroOfKind(kind: ScalarKind): unknown {
  return zeros[kind]
}

/** A field that is always serialized has its kind's zero unless its type has a default. Undefined if there is none. */
export function publishedDefault({ type, default: own, omitempty, pointer }: SchemaField): unknown {
  if (own !== undefined) return own
  if (omitempty || pointer || type.kind === 'struct' || type.kind === 'list' || type.kind === 'map') return undefined
  return zeroOfKind(type.kind)
}
