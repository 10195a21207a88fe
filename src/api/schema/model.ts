// The schema of the built-in kinds as a graph of Go types, made on first use from the generated data.
import data from './generated/types.json' with { type: 'json' }

/** One field in the generator's output; see tools/generate/generate-schema-emit.ts. */
interface FieldRow {
  /** Name on the wire. */
  n: string
  /** Go type, `*[]core/v1.Container`. */
  t: string
  /** omitempty. */
  o?: number
  /** Required in OpenAPI. */
  q?: number
  /** Serialized as `null` if it is nil. */
  z?: number
  /** List type, list map keys, map or struct type. */
  l?: string
  k?: string[]
  m?: string
  /** Patch strategy and patch merge key. */
  s?: string
  p?: string
  /** Default. */
  d?: unknown
  /** Union discriminator. */
  u?: number
}

interface Data {
  groups: Record<string, string>
  named: Record<string, { t: string; e?: string[] }>
  structs: Record<string, { kind?: boolean; atomic?: boolean; union?: boolean; fields: FieldRow[] }>
}

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export type ScalarKind =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'float64'
  | 'bytes'
  | 'time'
  | 'microtime'
  | 'quantity'
  | 'intOrString'
  /** Any JSON, kept unchanged. */
  | 'raw'
  | 'schemaOrBool'
  | 'schemaOrArray'
  | 'schemaOrStrings'

/** The possible values on the wire. `go` is the type's name in Go's error messages: `v1.Container`, `[]string`, `int32`. */
export type SchemaType = ScalarType | ListType | MapType | StructType

export interface ScalarType {
  readonly kind: ScalarKind
  readonly go: string
  /** Package key and name of a named type, `core/v1.Protocol`; '' for unnamed ones. */
  readonly key: string
  /** The values of an enumeration, sorted. */
  readonly values?: readonly string[]
}

export interface ListType {
  readonly kind: 'list'
  readonly go: string
  readonly item: SchemaType
}

export interface MapType {
  readonly kind: 'map'
  readonly go: string
  readonly item: SchemaType
}

export interface SchemaField {
  readonly name: string
  readonly type: SchemaType
  readonly pointer: boolean
  readonly omitempty: boolean
  readonly required: boolean
  readonly nullable: boolean
  readonly listType: 'atomic' | 'set' | 'map' | undefined
  readonly mapKeys: readonly string[]
  /** Whether a map or struct is atomic; undefined if unset. */
  readonly mapType: 'atomic' | 'granular' | undefined
  /** `merge`, `replace`, `retainKeys` and their combinations. */
  readonly patchStrategies: readonly string[]
  readonly mergeKey: string | undefined
  readonly default: unknown
  readonly discriminator: boolean
}

export interface StructType {
  readonly kind: 'struct'
  readonly go: string
  /** `core/v1.PodSpec`. */
  readonly key: string
  /** `PodSpec`. */
  readonly name: string
  readonly isKind: boolean
  readonly atomic: boolean
  readonly union: boolean
  /** In Go's order, which is the order on the wire. */
  readonly fields: readonly SchemaField[]
  readonly byName: ReadonlyMap<string, SchemaField>
}

const { groups, named, structs } = data as unknown as Data
const packageOfGroupVersion = new Map(Object.entries(groups).map(([key, group]) => [`${group}/${key.slice(key.indexOf('/') + 1)}`, key]))
const structTypes = new Map<string, StructType>()

const specials: Record<string, [kind: ScalarKind, go: string]> = {
  'meta/v1.Time': ['time', 'v1.Time'],
  'meta/v1.MicroTime': ['microtime', 'v1.MicroTime'],
  'meta/v1.FieldsV1': ['raw', 'v1.FieldsV1'],
  'resource.Quantity': ['quantity', 'resource.Quantity'],
  'intstr.IntOrString': ['intOrString', 'intstr.IntOrString'],
  'runtime.RawExtension': ['raw', 'runtime.RawExtension'],
  'apiextensions/v1.JSON': ['raw', 'v1.JSON'],
  'apiextensions/v1.JSONSchemaPropsOrBool': ['schemaOrBool', 'v1.JSONSchemaPropsOrBool'],
  'apiextensions/v1.JSONSchemaPropsOrArray': ['schemaOrArray', 'v1.JSONSchemaPropsOrArray'],
  'apiextensions/v1.JSONSchemaPropsOrStringArray': ['schemaOrStrings', 'v1.JSONSchemaPropsOrStringArray'],
  'interface{}': ['raw', 'interface {}'],
}

/** The struct of a built-in kind (or of a type of the meta package such as DeleteOptions); undefined if v1.33 does not serve it. */
export function schemaFor(group: string, version: string, kind: string): StructType | undefined {
  const packageKey = packageOfGroupVersion.get(`${group}/${version}`)
  const own = packageKey === undefined ? undefined : structByKey(`${packageKey}.${kind}`)
  const found = own ?? (version === 'v1' && group === '' ? structByKey(`meta/v1.${kind}`) : undefined)
  return found?.isKind ? found : undefined
}

/** The struct with this package key and name (`core/v1.PodSpec`). */
export function structByKey(key: string): StructType | undefined {
  const known = structTypes.get(key)
  if (known !== undefined) return known
  const raw = Object.hasOwn(structs, key) ? structs[key] : undefined
  if (raw === undefined) return undefined
  const name = key.slice(key.indexOf('.') + 1)
  const fields: SchemaField[] = []
  const byName = new Map<string, SchemaField>()
  const { kind: isKind = false, atomic = false, union = false } = raw
  const type: StructType = { kind: 'struct', go: goName(key), key, name, isKind, atomic, union, fields, byName }
  // Registered before its fields are read: JSONSchemaProps contains itself.
  structTypes.set(key, type)
  for (const row of raw.fields) {
    const field = fieldOf(row)
    fields.push(field)
    byName.set(field.name, field)
  }
  return type
}

/** Every kind of the served groups, package by package. */
export function builtinKinds(): GroupVersionKind[] {
  return Object.entries(structs).flatMap(([key, { kind }]) => {
    const [packageKey = '', name = ''] = key.split('.')
    const group = groups[packageKey]
    return kind && group !== undefined ? [{ group, version: packageKey.slice(packageKey.indexOf('/') + 1), kind: name }] : []
  })
}

/** The group of the package `key`; undefined for the meta package. */
export function groupOfKey(key: string): string | undefined {
  return groups[key.slice(0, key.indexOf('.'))]
}

function fieldOf(row: FieldRow): SchemaField {
  const pointer = row.t.startsWith('*')
  return {
    name: row.n,
    type: typeOf(pointer ? row.t.slice(1) : row.t),
    pointer,
    omitempty: row.o === 1,
    required: row.q === 1,
    nullable: row.z === 1,
    listType: row.l === 'atomic' || row.l === 'set' || row.l === 'map' ? row.l : undefined,
    mapKeys: row.k ?? [],
    mapType: row.m === 'atomic' || row.m === 'granular' ? row.m : undefined,
    patchStrategies: row.s?.split(',') ?? [],
    mergeKey: row.p,
    default: row.d,
    discriminator: row.u === 1,
  }
}

/** `core/v1.PodSpec` -> `v1.PodSpec`: package name and type name. */
function goName(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}

/** A type expression with names in the form of Go's reflect. */
function goText(type: string): string {
  return type.replace(/[\w/]+\.\w+/g, goName).replace('[]byte', '[]uint8')
}

function typeOf(text: string, key = ''): SchemaType {
  const go = key === '' ? goText(text) : goName(key)
  if (text === '[]byte') return { kind: 'bytes', go, key }
  if (text.startsWith('[]')) return { kind: 'list', go, item: typeOf(text.slice(2)) }
  const item = /^map\[[^\]]+\](.*)$/.exec(text)?.[1]
  if (item !== undefined) return { kind: 'map', go, item: typeOf(item) }
  switch (text) {
    case 'string':
    case 'bool':
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'float64':
      return { kind: text, go, key }
    default:
      return namedType(text)
  }
}

function namedType(key: string): SchemaType {
  const special = specials[key]
  if (special !== undefined) return { kind: special[0], go: special[1], key }
  const struct = structByKey(key)
  if (struct !== undefined) return struct
  const alias = Object.hasOwn(named, key) ? named[key] : undefined
  if (alias === undefined) throw new Error(`Generated schema names the unknown type ${key}`)
  const type = typeOf(alias.t, key)
  return type.kind === 'string' && alias.e !== undefined ? { ...type, values: alias.e } : type
}
