// Decoded JSON of a custom resource as values of its schema's types. Most JSON is used as it is; the rest gets a view, created on reading:
// fields whose names are no identifiers, times, durations, bytes, doubles, and lists that are sets or maps.
import { writeJson } from '../../../base/write-json.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { equal } from '../values/equality.ts'
import { fail } from '../values/failure.ts'
import { KeyedList } from '../values/keyed-list.ts'
import { makeDuration, makeTimestamp, parseTimestamp } from '../values/time.ts'
import { CelMap, type CelValue, Double, isList, isPlainObject, MapObject, mapSize, ObjectValue } from '../values/values.ts'
import { addReading, addWork } from '../values/work-counter.ts'
import { escapeFieldName } from './field-names.ts'
import { withMetadata } from './schema-declaration.ts'
import { parseSpelledDuration } from './spelled-duration.ts'

/** Converts JSON to a value; undefined if JSON of the schema is used as it is. */
export type View = ((json: CelValue) => CelValue) | undefined

interface FieldView {
  readonly name: string
  readonly view: View
}

class SchemaObject extends MapObject {
  /** Upstream treats objects as maps here. */
  readonly typeName = 'map'
  readonly #json: { readonly [key: string]: CelValue }
  readonly #fields: ReadonlyMap<string, FieldView>
  /** Field values that have a view, created at the first access: a loop may read a long list in each iteration. */
  readonly #viewed = new Map<FieldView, CelValue>()

  constructor(json: { readonly [key: string]: CelValue }, fields: ReadonlyMap<string, FieldView>) {
    super()
    this.#json = json
    this.#fields = fields
  }

  get(identifier: string): CelValue | undefined {
    const field = this.#fields.get(identifier)
    if (field === undefined || !Object.hasOwn(this.#json, field.name)) return undefined
    const json = this.#json[field.name]
    // A null field counts as unset.
    if (json === undefined || json === null) return undefined
    if (field.view === undefined) return json
    const known = this.#viewed.get(field)
    if (known !== undefined) return known
    const value = field.view(json)
    this.#viewed.set(field, value)
    return value
  }

  override get size(): number {
    return mapSize(this.#json)
  }

  keys(): readonly string[] {
    addWork(4 * this.size)
    const named = Object.keys(this.#json).flatMap(name => escapeFieldName(name) ?? [])
    return named.filter(identifier => this.#fields.has(identifier))
  }

  equals(other: CelValue): boolean {
    if (!(other instanceof SchemaObject)) return false
    addWork(2 * this.size)
    const names = Object.keys(this.#json)
    if (names.length !== Object.keys(other.#json).length) return false
    return names.every(
      name => Object.hasOwn(other.#json, name) && this.#sameField(name, this.#json[name] ?? null, other.#json[name] ?? null),
    )
  }

  #sameField(name: string, a: CelValue, b: CelValue): boolean {
    const view = this.#fields.get(escapeFieldName(name) ?? '')?.view
    return a === null || b === null || view === undefined ? equal(a, b) : equal(view(a), view(b))
  }
}

/** The view for a schema; `root` is set for whole resources. */
export function viewOf(schema: JSONSchemaProps, root: boolean): View {
  if (schema['x-kubernetes-int-or-string'] === true) return undefined
  switch (schema.type) {
    case 'array':
      return viewOfList(schema)
    case 'object':
      return viewOfObject(root || schema['x-kubernetes-embedded-resource'] === true ? withMetadata(schema) : schema)
    case 'string':
      return schema.format === undefined ? undefined : formats.get(schema.format)
    case 'number':
      return json =>
        typeof json === 'number' || typeof json === 'bigint' ? new Double(Number(json)) : fail('invalid data, expected float')
    default:
      return undefined
  }
}

function read(what: string, parse: (text: string) => CelValue | undefined): View {
  return json => {
    if (typeof json === 'string') addWork(parsing + (json.length >> 3))
    return (typeof json === 'string' ? parse(json) : undefined) ?? fail(`Invalid ${what} ${String(json)}`)
  }
}

/** Minimum work of reading a text. */
const parsing = 20

function time(text: string): CelValue | undefined {
  const read = parseTimestamp(text)
  return read === undefined ? undefined : makeTimestamp(read.nanos, read.offset)
}

function span(text: string): CelValue | undefined {
  const nanos = parseSpelledDuration(text)
  return nanos === undefined ? undefined : makeDuration(nanos)
}

/** Upstream decodes with the URL alphabet here, although it validates the format with the other one: values with `+` or `/` cannot be read. */
function bytes(text: string): CelValue {
  const strange = /[^A-Za-z0-9_=\r\n-]/.exec(text)
  if (strange !== null) return fail(`Invalid byte formatted string ${text}: illegal base64 data at input byte ${strange.index}`)
  return new Uint8Array(Buffer.from(text, 'base64'))
}

const formats: ReadonlyMap<string, View> = new Map([
  ['duration', read('duration', span)],
  ['date', read('date formatted string', text => time(`${text}T00:00:00Z`))],
  ['date-time', read('date-time formatted string', time)],
  ['byte', read('byte formatted string', bytes)],
])

function viewOfList(schema: JSONSchemaProps): View {
  if (schema.items === undefined || Array.isArray(schema.items)) return undefined
  const item = viewOf(schema.items, false)
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return json => KeyedList.holding(viewed(json, item), value => `${typeof value} ${String(value)}`)
    case 'map':
      return json => KeyedList.holding(viewed(json, item), value => writeJson(keys.map(key => keyOf(value, key))))
    default:
      return item === undefined ? undefined : json => viewed(json, item)
  }
}

function viewed(json: CelValue, view: View): readonly CelValue[] {
  if (!isList(json)) return fail('invalid data, expected an array for the provided schema with type=array')
  addReading(json.length)
  return view === undefined ? json : json.map(item => (item === null ? null : view(item)))
}

function keyOf(value: CelValue, key: string): unknown {
  const found =
    value instanceof ObjectValue
      ? value.get(escapeFieldName(key) ?? key)
      : isPlainObject(value) && Object.hasOwn(value, key)
        ? value[key]
        : undefined
  return typeof found === 'bigint' ? String(found) : (found ?? null)
}

function viewOfObject({ additionalProperties, properties = {}, ...schema }: JSONSchemaProps): View {
  if (typeof additionalProperties === 'object') {
    const value = viewOf(additionalProperties, false)
    return value === undefined ? undefined : json => viewOfMap(json, value)
  }
  const fields = new Map<string, FieldView>()
  let plain = schema['x-kubernetes-preserve-unknown-fields'] !== true
  for (const [name, child] of Object.entries(properties)) {
    const identifier = escapeFieldName(name)
    const view = viewOf(child, false)
    if (identifier !== undefined) fields.set(identifier, { name, view })
    plain &&= identifier === name && view === undefined && child.nullable !== true
  }
  if (plain) return undefined
  return json =>
    isPlainObject(json) ? new SchemaObject(json, fields) : fail('invalid data, expected a map for the provided schema with type=object')
}

function viewOfMap(json: CelValue, view: (json: CelValue) => CelValue): CelValue {
  if (!isPlainObject(json)) return fail('invalid data, expected a map for the provided schema with type=object')
  addWork(4 * mapSize(json))
  return new CelMap(new Map(Object.entries(json).map(([key, value]) => [key, [key, value === null ? null : view(value)]])))
}
