// Narrows arguments to the declared types; a value of another type, which only dyn allows, fails as upstream does.

import { fail, noSuchOverload } from './failure.ts'
import { type CelType, paramOf } from './type.ts'
import {
  type AnyMap,
  Boxed,
  type CelValue,
  Double,
  Duration,
  isList,
  isMap,
  isPlainObject,
  keysOf,
  kindOf,
  lookUp,
  type MapKey,
  mapKey,
  Opaque,
  Optional,
  Timestamp,
  Uint,
} from './values.ts'

export const asString = (value: CelValue): string => (typeof value === 'string' ? value : fail(noSuchOverload))
export const asBool = (value: CelValue): boolean => (typeof value === 'boolean' ? value : fail(noSuchOverload))
export const asList = (value: CelValue): readonly CelValue[] => (isList(value) ? value : fail(noSuchOverload))
export const asBytes = (value: CelValue): Uint8Array => (value instanceof Uint8Array ? value : fail(noSuchOverload))
export const asUint = (value: CelValue): bigint => (value instanceof Uint ? value.value : fail(noSuchOverload))
export const asTimestamp = (value: CelValue): Timestamp => (value instanceof Timestamp ? value : fail(noSuchOverload))
export const asDuration = (value: CelValue): Duration => (value instanceof Duration ? value : fail(noSuchOverload))
export const asOptional = (value: CelValue): Optional => (value instanceof Optional ? value : fail(noSuchOverload))

export function asInt(value: CelValue): number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value)) ? value : fail(noSuchOverload)
}

/** An int as a number; ints beyond the safe integers become approximate, which no length or index reaches. */
export const asIndex = (value: CelValue): number => Number(asInt(value))

export function asDouble(value: CelValue): number {
  if (value instanceof Double) return value.value
  return typeof value === 'number' && !Number.isSafeInteger(value) ? value : fail(noSuchOverload)
}

export function asMap(value: CelValue): AnyMap {
  return isMap(value) ? value : fail(noSuchOverload)
}

/** Whether a value is accepted for a parameter of this type; for lists and maps, the first element is checked. */
export function accepts(type: CelType, value: CelValue): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true
    case 'opaque':
      return value instanceof Boxed && value.typeName === type.name
    case 'object': {
      if (value instanceof Opaque) return value.typeName === type.name
      const kind = kindOf(value)
      return kind === 'object' || kind === 'map'
    }
    case 'list':
      return isList(value) && (value.length === 0 || accepts(paramOf(type, 0), value[0] ?? null))
    case 'map':
      return isMap(value) && acceptsEntry(type, value)
    case 'wrapper':
      return value === null || type.params.some(of => accepts(of, value))
    default:
      return kindOf(value) === type.kind
  }
}

function acceptsEntry(type: CelType, value: AnyMap): boolean {
  const [keyType, valueType] = type.params
  if (keyType === undefined || valueType === undefined || (isOpen(keyType) && isOpen(valueType))) return true
  const key = firstKey(value)
  return key === undefined || (accepts(keyType, key) && accepts(valueType, lookUp(value, key) ?? null))
}

function firstKey(map: AnyMap): CelValue | undefined {
  if (!isPlainObject(map)) return keysOf(map)[0]
  for (const key in map) return key
  return undefined
}

const isOpen = ({ kind }: CelType): boolean => kind === 'dyn' || kind === 'param'

/** Whether `accepts` checks elements of lists and maps. */
export const checksElements = ({ kind, params }: CelType): boolean => (kind === 'list' || kind === 'map') && !params.every(isOpen)

/** The lookup form of a map's key; an invalid key type fails. */
export function keyOf(key: CelValue): MapKey {
  const known = mapKey(key)
  return known === undefined ? fail('unsupported key type') : known
}
