// CEL types as the checker uses them, and their form in messages.

export type TypeKind =
  | 'dyn'
  | 'error'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  /** A nullable scalar; `params` contains the scalar. */
  | 'wrapper'
  | 'list'
  | 'map'
  /** An object with declared fields. */
  | 'object'
  /** A value of a library, identified by its name. */
  | 'opaque'
  /** The type of types. */
  | 'type'
  /** A type variable for unification. */
  | 'param'

export interface CelType {
  readonly kind: TypeKind
  /** `google.protobuf.Timestamp`, `net.IP`, the name of an object's type or of a type parameter; otherwise the kind. */
  readonly name: string
  readonly params: readonly CelType[]
  /** The type of an object's field; undefined if there is no such field. Objects of libraries have no fields. */
  field?(name: string): CelType | undefined
}

const plain = (kind: TypeKind, name: string = kind): CelType => ({ kind, name, params: [] })

export const dyn = plain('dyn')
export const errorType = plain('error')
export const nullType = plain('null', 'null_type')
export const bool = plain('bool')
export const int = plain('int')
export const uint = plain('uint')
export const double = plain('double')
export const string = plain('string')
export const bytes = plain('bytes')
export const timestamp = plain('timestamp', 'google.protobuf.Timestamp')
export const duration = plain('duration', 'google.protobuf.Duration')
export const anyList = list(dyn)

export function list(item: CelType): CelType {
  return { kind: 'list', name: 'list', params: [item] }
}

export function map(key: CelType, value: CelType): CelType {
  return { kind: 'map', name: 'map', params: [key, value] }
}

export const param = (name: string): CelType => plain('param', name)
export const opaque = (name: string, ...params: readonly CelType[]): CelType => ({ kind: 'opaque', name, params })
export const optional = (of: CelType): CelType => opaque('optional_type', of)
export const wrapper = (of: CelType): CelType => ({ kind: 'wrapper', name: 'wrapper', params: [of] })
export const typeOf = (of?: CelType): CelType => ({ kind: 'type', name: 'type', params: of === undefined ? [] : [of] })

export function objectType(name: string, field: (name: string) => CelType | undefined): CelType {
  return { kind: 'object', name, params: [], field }
}

export const isOptional = (type: CelType): boolean => type.kind === 'opaque' && type.name === 'optional_type'
export const isDyn = (type: CelType): boolean => type.kind === 'dyn'
export const isDynOrError = (type: CelType): boolean => type.kind === 'dyn' || type.kind === 'error'

/** The type inside an optional; any other type unchanged. */
export function unwrapOptional(type: CelType): CelType {
  return isOptional(type) ? paramOf(type, 0) : type
}

/** A parameter that exists because of the type's kind. */
export function paramOf(type: CelType, index: number): CelType {
  const found = type.params[index]
  if (found === undefined) throw new RangeError(`Type ${type.name} has no parameter ${index}`)
  return found
}

export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true
  if (a.kind !== b.kind || a.name !== b.name || a.params.length !== b.params.length) return false
  return a.params.every((item, index) => sameType(item, paramOf(b, index)))
}

const shownNames: Partial<Record<TypeKind, string>> = {
  error: '!error!',
  null: 'null',
  timestamp: 'timestamp',
  duration: 'duration',
}

/** The form in error messages: `map(string, list(int))`. */
export function formatType(type: CelType): string {
  const name = shownNames[type.kind] ?? type.name
  return type.params.length === 0 ? name : `${name}(${type.params.map(formatType).join(', ')})`
}

/** `(int, string)`, or `string.(int)` for a call with a target. */
export function formatCall(args: readonly CelType[], member: boolean): string {
  const [target, ...rest] = args
  if (!member || target === undefined) return `(${args.map(formatType).join(', ')})`
  return `${formatType(target)}.(${rest.map(formatType).join(', ')})`
}
