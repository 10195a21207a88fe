// The Go type of a value in upstream, which a few of its messages show.
import { type CelValue, Double, isList, kindOf, Opaque, Optional, TypeValue, typeNameOf } from '../values/values.ts'

const names: Readonly<Record<string, string>> = {
  null_type: 'Null',
  bool: 'Bool',
  int: 'Int',
  uint: 'Uint',
  double: 'Double',
  string: 'String',
  bytes: 'Bytes',
  'google.protobuf.Timestamp': 'Timestamp',
  'google.protobuf.Duration': 'Duration',
}

export function goTypeOf(value: CelValue): string {
  if (value instanceof TypeValue) return '*types.Type'
  if (value instanceof Optional) return '*types.Optional'
  if (value instanceof Opaque) return `cel.${value.typeName.slice(value.typeName.lastIndexOf('.') + 1).replace(/^Named/, '')}`
  const name = typeNameOf(value)
  const known = Object.hasOwn(names, name) ? names[name] : undefined
  return known === undefined ? `*types.${isList(value) ? 'baseList' : 'baseMap'}` : `types.${known}`
}

const keyKinds = new Set(['string', 'bool', 'int', 'uint', 'double'])

/** The problem of a value in brackets as a key or index of anything; undefined if it can be one. */
export function keyProblem(key: CelValue): string | undefined {
  return keyKinds.has(kindOf(key)) ? undefined : `invalid qualifier type: ${goTypeOf(key)}`
}

/** The problem of a value that is no list index. */
export function indexProblem(key: CelValue): string {
  const number = typeof key === 'number' ? key : key instanceof Double ? key.value : undefined
  return number === undefined
    ? (keyProblem(key) ?? `unsupported index type '${kindOf(key)}' in list`)
    : `unsupported index value ${number} in list`
}
