// How field management sees a type: which values change as a whole, and how the parts of the others are named.
import type { SchemaField, SchemaType, StructType } from '../../schema/model.ts'
import { publishedDefault } from '../../schema/published-default.ts'

export type Shape = LeafShape | StructShape | MapShape | ListShape | DeducedShape

/** Owned as a whole: scalars, and lists, maps and structs that are atomic. */
interface LeafShape {
  readonly kind: 'leaf'
  /** Of a list, map or struct: a schema may have told its parts apart before. */
  readonly atomic?: true
}

export interface StructShape {
  readonly kind: 'struct'
  /** Undefined where the struct has no such field. */
  field(name: string): Shape | undefined
  /** A time that Go prints as null where it is not set: absent and null are one there. */
  isNullWhenAbsent(name: string): boolean
  /** Such times that objects here leave out though Go holds them: they are in the paths of a struct that comes as a whole. */
  readonly leftOut: readonly string[]
}

export interface MapShape {
  readonly kind: 'map'
  readonly item: Shape
}

/** A list whose items are told apart by some of their fields, or by their value where `keys` is empty (a set). */
export interface ListShape {
  readonly kind: 'list'
  readonly item: Shape
  /** Sorted by name, as they stand in a path. */
  readonly keys: readonly { readonly name: string; readonly default: unknown }[]
}

/** Of any form: objects are maps of such values, everything else is a leaf. Kinds without a schema look like this. */
export interface DeducedShape {
  readonly kind: 'deduced'
}

export const leaf: LeafShape = { kind: 'leaf' }
export const atomic: LeafShape = { kind: 'leaf', atomic: true }
export const deduced: DeducedShape = { kind: 'deduced' }
/** What an object is where the schema says nothing. */
export const deducedMap: MapShape = { kind: 'map', item: deduced }

const structShapes = new WeakMap<StructType, StructShape>()

export function shapeOfStruct(type: StructType): StructShape {
  const known = structShapes.get(type)
  if (known !== undefined) return known
  // Types contain themselves: a field's shape is made when it is first asked for.
  const fields = new Map<string, Shape>()
  const shape: StructShape = {
    kind: 'struct',
    field(name) {
      const found = fields.get(name)
      if (found !== undefined) return found
      const field = type.byName.get(name)
      if (field === undefined) return undefined
      const made = shapeOfField(field)
      fields.set(name, made)
      return made
    },
    isNullWhenAbsent(name) {
      const field = type.byName.get(name)
      return field !== undefined && !field.pointer && (field.type.kind === 'time' || field.type.kind === 'microtime')
    },
    leftOut: type.byName.has('creationTimestamp') ? ['creationTimestamp'] : [],
  }
  structShapes.set(type, shape)
  return shape
}

/** How the field's values are owned: what the field says of its list or map counts beside its type. */
export function shapeOfField(field: SchemaField): Shape {
  const { type } = field
  if (type.kind === 'struct' || type.kind === 'map') {
    // What the field says goes before what its type says: a volume's claimRef is granular, other references are not.
    if (field.mapType === 'granular' && type.kind === 'struct') return shapeOfStruct(type)
    return field.mapType === 'atomic' ? leaf : shapeOf(type)
  }
  if (type.kind !== 'list' || (field.listType !== 'set' && field.listType !== 'map')) return shapeOf(type)
  const item = shapeOf(type.item)
  const byName = type.item.kind === 'struct' ? type.item.byName : undefined
  const names = field.listType === 'map' ? [...field.mapKeys].sort() : []
  const defaultOf = (name: string): unknown => {
    const key = byName?.get(name)
    return key && publishedDefault(key)
  }
  return { kind: 'list', item, keys: names.map(name => ({ name, default: defaultOf(name) })) }
}

function shapeOf(type: SchemaType): Shape {
  switch (type.kind) {
    case 'struct':
      return type.atomic ? leaf : shapeOfStruct(type)
    case 'map':
      return { kind: 'map', item: shapeOf(type.item) }
    case 'raw':
      // Embedded objects change as a whole.
      return type.go === 'runtime.RawExtension' ? leaf : deduced
    case 'schemaOrBool':
    case 'schemaOrArray':
    case 'schemaOrStrings':
      return deduced
    default:
      return leaf
  }
}

/** The shape that a value of a type really has: a deduced one is a map or a leaf. */
export function resolve(shape: Shape, value: unknown): LeafShape | StructShape | MapShape | ListShape {
  if (shape.kind !== 'deduced') return shape
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? deducedMap : leaf
}

export function memberShape(shape: StructShape | MapShape, name: string): Shape {
  return shape.kind === 'map' ? shape.item : (shape.field(name) ?? deduced)
}
