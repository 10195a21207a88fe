// The types of field management: which values are atomic, and how parts of the others are named.
import type { SchemaField, SchemaType, StructType } from '../../schema/model.ts'
import { publishedDefault } from '../../schema/published-default.ts'

export type Shape = LeafShape | StructShape | MapShape | ListShape | DeducedShape

/** Owned as a whole: scalars, and atomic lists, maps and structs. */
interface LeafShape {
  readonly kind: 'leaf'
  /** For a list, map or struct: it may have been granular in an earlier schema. */
  readonly atomic?: true
}

export interface StructShape {
  readonly kind: 'struct'
  /** Undefined if the struct has no such field. */
  field(name: string): Shape | undefined
  /** A time that Go serializes as null if it is unset: absent and null are equal there. */
  isNullWhenAbsent(name: string): boolean
  /** Times that objects here omit although Go has them: they are in the paths of an added or removed struct. */
  readonly leftOut: readonly string[]
}

export interface MapShape {
  readonly kind: 'map'
  readonly item: Shape
}

/** A list whose items are identified by some of their fields, or by their value if `keys` is empty (a set). */
export interface ListShape {
  readonly kind: 'list'
  readonly item: Shape
  /** Sorted by name, as in a path. */
  readonly keys: readonly { readonly name: string; readonly default: unknown }[]
}

/** Of any form: objects are maps of such values, everything else is a leaf. Kinds without a schema have this shape. */
export interface DeducedShape {
  readonly kind: 'deduced'
}

export const leaf: LeafShape = { kind: 'leaf' }
export const atomic: LeafShape = { kind: 'leaf', atomic: true }
export const deduced: DeducedShape = { kind: 'deduced' }
/** The shape of an object without a schema. */
export const deducedMap: MapShape = { kind: 'map', item: deduced }

const structShapes = new WeakMap<StructType, StructShape>()

export function shapeOfStruct(type: StructType): StructShape {
  const known = structShapes.get(type)
  if (known !== undefined) return known
  // Types may contain themselves: a field's shape is created at first use.
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

/** How the field's values are owned: by its type and by the field's own list or map type. */
export function shapeOfField(field: SchemaField): Shape {
  const { type } = field
  if (type.kind === 'struct' || type.kind === 'map') {
    // The field's own type takes precedence: a volume's claimRef is granular, other references are not.
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
      // Embedded objects are atomic.
      return type.go === 'runtime.RawExtension' ? leaf : deduced
    case 'schemaOrBool':
    case 'schemaOrArray':
    case 'schemaOrStrings':
      return deduced
    default:
      return leaf
  }
}

/** The actual shape of a value: a deduced one is a map or a leaf. */
export function resolve(shape: Shape, value: unknown): LeafShape | StructShape | MapShape | ListShape {
  if (shape.kind !== 'deduced') return shape
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? deducedMap : leaf
}

export function memberShape(shape: StructShape | MapShape, name: string): Shape {
  return shape.kind === 'map' ? shape.item : (shape.field(name) ?? deduced)
}
