// Reads JSON by the structural schema of a custom resource: drops unknown fields, treats disallowed nulls as absent, and sets defaults.
// Compiled once per schema; members are sorted by name, as upstream writes them.
import { copyJson } from '../../../base/data/copy-json.ts'
import { setOwn } from '../../../base/data/own-property.ts'
import { byBytes, countMembers, isRecord, readerOf, sortFew, type Tally, Unexpected } from '../../schema/compile.ts'
import { structByKey } from '../../schema/model.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'

export interface Reading extends Tally {
  /** Whether nulls stay that are neither allowed nor replaced by a default, for validation to reject. */
  readonly keepsNulls?: boolean
  /** False to set no defaults. */
  readonly fills?: boolean
}

export type Read = (value: unknown, tally: Reading) => unknown

const metaType = structByKey('meta/v1.ObjectMeta')
/** Throws `Unexpected`. */
const readMeta: Read = (value, tally) => (metaType === undefined ? value : readerOf(metaType)(value, tally))

/** Fields of every resource, whatever its schema says. */
export const metaFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

interface Slot {
  readonly name: string
  readonly read: Read
  readonly nullable: boolean
  /** Whether a null must reach validation. Without a type in the schema it would pass there, and upstream drops it when storing. */
  readonly validatesNull: boolean
  /** A new value each time; undefined if the schema has no default. */
  readonly makeDefault: (() => unknown) | undefined
}

export const isSchema = (value: unknown): value is JSONSchemaProps => isRecord(value)

/** The reader of a whole resource. Its result is new except for parts that the schema leaves alone. Throws `Unexpected` for unreadable metadata. */
export function resourceReader(schema: JSONSchemaProps): Read {
  return compile(schema, true, false)
}

/** `keeps`: the enclosing list keeps unknown fields, and so do its items. */
function compile(schema: JSONSchemaProps, root: boolean, keeps: boolean): Read {
  // Most fields are scalars, and share a reader.
  if (!root && !keeps && isLeaf(schema)) return schema.type === 'integer' ? readInteger : readLeaf
  const preserves = keeps || schema['x-kubernetes-preserve-unknown-fields'] === true
  const readObject = objectReader(schema, root, preserves)
  const readItems = itemReader(schema, preserves)
  return (value, tally) => {
    if (typeof value !== 'object' || value === null) return value
    return Array.isArray(value) ? readItems(value, tally) : readObject(value as Record<string, unknown>, tally)
  }
}

function isLeaf(schema: JSONSchemaProps): boolean {
  const { properties, items, additionalProperties } = schema
  if (schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-embedded-resource'] === true) return false
  return properties === undefined && items === undefined && additionalProperties === undefined
}

const readLeaf: Read = (value, tally) => (typeof value === 'object' && value !== null ? dropAll(value, tally) : value)

/** Within 64 bits, an integer is exact, as a number or a bigint; another one must not be stored as its neighbour. */
const readInteger: Read = (value, tally) => {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) throw new Unexpected('number')
  return readLeaf(value, tally)
}

/** Without a schema, every field of an object is unknown. */
const dropAll: Read = (value, tally) => {
  if (Array.isArray(value)) return value.map(item => dropAll(item, tally))
  if (!isRecord(value)) return value
  for (const _ in value) tally.unknown = true
  tally.members += countMembers(value)
  return {}
}

const keepAll: Read = (value, tally) => {
  tally.members += countMembers(value)
  return value
}

function itemReader({ items }: JSONSchemaProps, preserves: boolean): Read {
  if (!isSchema(items)) return preserves ? keepAll : dropAll
  const read = compile(items, false, preserves)
  const makeDefault = defaultOf(items, read)
  const fill = items.nullable === true ? undefined : makeDefault
  return (value, tally) => {
    const result: unknown[] = []
    const filled = tally.fills === false ? undefined : fill
    for (const item of value as readonly unknown[])
      result.push(item === null ? (filled === undefined ? null : filled()) : read(item, tally))
    return result
  }
}

/** Creates a schema's default for one field of the whole, if it has one. */
export function defaultMaker(schema: JSONSchemaProps, name: string): (() => unknown) | undefined {
  const property = schema.properties?.[name]
  return property === undefined || property.default === undefined ? undefined : defaultOf(property, compile(property, false, false))
}

function defaultOf({ default: value }: JSONSchemaProps, read: Read): (() => unknown) | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object') return () => value
  // Defaults within the default apply too.
  return () => read(copyJson(value), { members: 0, unknown: false })
}

type ReadObject = (value: Record<string, unknown>, tally: Reading) => unknown

function objectReader(schema: JSONSchemaProps, root: boolean, preserves: boolean): ReadObject {
  const { properties = {}, additionalProperties, required } = schema
  const embedded = root || schema['x-kubernetes-embedded-resource'] === true
  const slots: Slot[] = []
  for (const name of Object.keys(properties).sort(byBytes)) {
    const property = properties[name]
    if (property === undefined || (embedded && metaFields.has(name))) continue
    const read = compile(property, false, false)
    const validatesNull = hasType(property) || required?.includes(name) === true
    slots.push({ name, read, nullable: property.nullable === true, validatesNull, makeDefault: defaultOf(property, read) })
  }
  if (embedded) {
    const readName = root ? keepAll : readText
    const plain = (name: string, read: Read, nullable: boolean): Slot => ({
      name,
      read,
      nullable,
      validatesNull: true,
      makeDefault: undefined,
    })
    slots.push(plain('apiVersion', readName, true), plain('kind', readName, true), plain('metadata', readMetadata, false))
    slots.sort((a, b) => byBytes(a.name, b.name))
  }
  const rest = restReader(additionalProperties, preserves)
  const indexOf = new Map(slots.map(({ name }, index) => [name, index]))
  const always = slots.flatMap(({ makeDefault }, index) => (makeDefault === undefined ? [] : [index]))
  return (value, tally) => {
    const given: number[] = []
    let others: string[] | undefined
    for (const name in value) {
      tally.members++
      const index = indexOf.get(name)
      if (index !== undefined) given.push(index)
      else {
        others ??= []
        others.push(name)
      }
    }
    sortFew(given, (a, b) => a - b)
    if (others !== undefined) return mixed(value, tally, given, others)
    const result: Record<string, unknown> = {}
    let next = 0
    for (const index of given) {
      for (let absent = always[next]; absent !== undefined && absent < index; absent = always[++next])
        addDefault(result, slots[absent], tally)
      if (always[next] === index) next++
      addMember(result, slots[index], value, tally)
    }
    for (let absent = always[next]; absent !== undefined; absent = always[++next]) addDefault(result, slots[absent], tally)
    return result
  }

  /** With members that the schema does not name individually. */
  function mixed(value: Record<string, unknown>, tally: Reading, given: readonly number[], others: readonly string[]): unknown {
    const known: Record<string, unknown> = {}
    for (const index of given) addMember(known, slots[index], value, tally)
    for (const index of always) if (!given.includes(index)) addDefault(known, slots[index], tally)
    if (rest === undefined) {
      tally.unknown = true
      for (const name of others) tally.members += countMembers(value[name])
      return sorted(known)
    }
    for (const name of others) {
      const member = value[name]
      if (member !== null) setOwn(known, name, rest.read(member, tally))
      else if (staysNull(rest, tally)) setOwn(known, name, null)
      else if (rest.makeDefault !== undefined && tally.fills !== false) setOwn(known, name, rest.makeDefault())
    }
    return sorted(known)
  }
}

function sorted(record: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const name of sortFew(Object.keys(record), byBytes)) setOwn(result, name, record[name])
  return result
}

/** Undefined if unknown members are dropped. */
function restReader(additional: JSONSchemaProps['additionalProperties'], preserves: boolean): Omit<Slot, 'name'> | undefined {
  if (isSchema(additional)) {
    const read = compile(additional, false, false)
    return { read, nullable: additional.nullable === true, validatesNull: hasType(additional), makeDefault: defaultOf(additional, read) }
  }
  if (preserves) return { read: keepAll, nullable: true, validatesNull: true, makeDefault: undefined }
  return additional === undefined || additional === false
    ? undefined
    : { read: dropAll, nullable: true, validatesNull: true, makeDefault: undefined }
}

const readMetadata: Read = (value, tally) => {
  if (!isRecord(value)) throw new Unexpected('object')
  return readMeta(value, tally)
}

/** The apiVersion and kind of an embedded resource. */
const readText: Read = value => {
  if (typeof value !== 'string') throw new Unexpected('text')
  return value
}

function addMember(result: Record<string, unknown>, slot: Slot | undefined, value: Record<string, unknown>, tally: Reading): void {
  if (slot === undefined) return
  const member = value[slot.name]
  if (member !== null && member !== undefined) setOwn(result, slot.name, slot.read(member, tally))
  else if (member === null && staysNull(slot, tally)) setOwn(result, slot.name, null)
  else addDefault(result, slot, tally)
}

const hasType = (schema: JSONSchemaProps): boolean => schema.type !== undefined || schema['x-kubernetes-int-or-string'] === true

function staysNull({ nullable, validatesNull, makeDefault }: Omit<Slot, 'name'>, { keepsNulls }: Reading): boolean {
  return nullable || (keepsNulls === true && validatesNull && makeDefault === undefined)
}

function addDefault(result: Record<string, unknown>, slot: Slot | undefined, { fills }: Reading): void {
  if (slot?.makeDefault !== undefined && fills !== false) setOwn(result, slot.name, slot.makeDefault())
}
