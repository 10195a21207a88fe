// The default of a scalar field as OpenAPI v3 documents publish it, which field management reads too.
import type { ScalarKind, SchemaField } from './model.ts'

const zeros: Partial<Record<ScalarKind, unknown>> = { string: '', bool: false, int32: 0, int64: 0, uint32: 0, float64: 0 }

/** What Go prints for the kind where nobody set it; undefined for kinds that have a form of their own. */
export function zeroOfKind(kind: ScalarKind): unknown {
  return zeros[kind]
}

/** A field that is always printed has the zero of its kind where its type names no default. Undefined where there is none. */
export function publishedDefault({ type, default: own, omitempty, pointer }: SchemaField): unknown {
  if (own !== undefined) return own
  if (omitempty || pointer || type.kind === 'struct' || type.kind === 'list' || type.kind === 'map') return undefined
  return zeroOfKind(type.kind)
}
