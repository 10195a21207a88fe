// Converts cases of @bufbuild/cel-spec to values and types of the engine.
import type { Variable } from './check/declarations.ts'
import { type CelFunction, free } from './functions/function.ts'
import { fail } from './values/failure.ts'
import { parseDuration, parseTimestamp } from './values/time.ts'
import * as t from './values/type.ts'
import {
  CelMap,
  type CelValue,
  Double,
  Duration,
  type MapKey,
  mapKey,
  Optional,
  Timestamp,
  TypeValue,
  toInt,
  Uint,
} from './values/values.ts'

/** A case in the package's format: JSON of a protobuf message. */
export interface SpecCase {
  readonly name?: string
  readonly expr: string
  readonly value?: Json
  readonly typedResult?: { readonly result?: Json; readonly deducedType?: Json }
  readonly typeEnv?: readonly Declaration[]
  readonly bindings?: Readonly<Record<string, { readonly value: Json }>>
  readonly container?: string
  readonly disableCheck?: boolean
  readonly checkOnly?: boolean
  readonly evalError?: unknown
}

interface Declaration {
  readonly name: string
  readonly ident?: { readonly type: Json }
  readonly function?: {
    readonly overloads: readonly { readonly overloadId: string; readonly params: readonly Json[]; readonly resultType: Json }[]
  }
}

type Json = Readonly<Record<string, unknown>>

class NotCovered extends Error {}

/** Throws `NotCovered` for protobuf messages. */
export function specValue(value: Json): CelValue {
  const [[kind = '', content] = []] = Object.entries(value)
  switch (kind) {
    case 'nullValue':
      return null
    case 'boolValue':
      return content === true
    case 'stringValue':
      return String(content)
    case 'int64Value':
      return toInt(BigInt(String(content)))
    case 'uint64Value':
      return new Uint(BigInt(String(content)))
    case 'doubleValue':
      return new Double(Number(content === 'Infinity' || content === '-Infinity' || content === 'NaN' ? content : String(content)))
    case 'bytesValue':
      return new Uint8Array(Buffer.from(String(content), 'base64'))
    case 'typeValue':
      return new TypeValue(String(content))
    case 'listValue':
      return listOf(content, 'values').map(specValue)
    case 'mapValue':
      return new CelMap(
        new Map<MapKey, readonly [CelValue, CelValue]>(
          listOf(content, 'entries').map(entry => {
            const key = specValue(field(entry, 'key'))
            return [mapKey(key) ?? '', [key, specValue(field(entry, 'value'))]]
          }),
        ),
      )
    case 'objectValue':
      return wellKnown(content)
    default:
      throw new NotCovered(`value of kind ${kind}`)
  }
}

function wellKnown(content: unknown): CelValue {
  if (!isJson(content)) throw new NotCovered('message')
  const text = String(content['value'])
  const nanos = (parsed: bigint | undefined): bigint => {
    if (parsed === undefined) throw new NotCovered(text)
    return parsed
  }
  switch (content['@type']) {
    case 'type.googleapis.com/google.protobuf.Timestamp':
      return new Timestamp(nanos(parseTimestamp(text)?.nanos))
    case 'type.googleapis.com/google.protobuf.Duration':
      return new Duration(nanos(parseDuration(text)))
    default:
      throw new NotCovered('message')
  }
}

const primitives: Readonly<Record<string, t.CelType>> = {
  BOOL: t.bool,
  INT64: t.int,
  UINT64: t.uint,
  DOUBLE: t.double,
  STRING: t.string,
  BYTES: t.bytes,
}
const messages: Readonly<Record<string, t.CelType>> = {
  'google.protobuf.Timestamp': t.timestamp,
  'google.protobuf.Duration': t.duration,
}

/** Throws `NotCovered` for protobuf messages. */
export function specType(type: Json): t.CelType {
  const [[kind = '', content] = []] = Object.entries(type)
  const known = (found: t.CelType | undefined): t.CelType => {
    if (found === undefined) throw new NotCovered(`type ${String(content)}`)
    return found
  }
  switch (kind) {
    case 'primitive':
      return known(primitives[String(content)])
    case 'messageType':
      return known(messages[String(content)])
    case 'wellKnown':
      return known({ TIMESTAMP: t.timestamp, DURATION: t.duration }[String(content)])
    case 'typeParam':
      return t.param(String(content))
    case 'dyn':
      return t.dyn
    case 'null':
      return t.nullType
    case 'type':
      return t.typeOf(isJson(content) && Object.keys(content).length > 0 ? specType(content) : undefined)
    case 'listType':
      return t.list(specType(field(content, 'elemType')))
    case 'mapType':
      return t.map(specType(field(content, 'keyType')), specType(field(content, 'valueType')))
    case 'abstractType':
      return t.opaque(isJson(content) ? String(content['name']) : '', ...listOf(content, 'parameterTypes').map(specType))
    default:
      throw new NotCovered(`type of kind ${kind}`)
  }
}

export function specVariables({ typeEnv = [], bindings = {} }: SpecCase): Variable[] {
  const declared = typeEnv.flatMap(({ name, ident }) => (ident === undefined ? [] : [{ name, type: specType(ident.type) }]))
  const others = Object.keys(bindings).filter(name => !declared.some(variable => variable.name === name))
  return [...declared, ...others.map(name => ({ name, type: t.dyn }))]
}

/** Functions that a case declares; such cases are only type-checked. */
export function specFunctions({ typeEnv = [] }: SpecCase): CelFunction[] {
  return typeEnv.flatMap(({ name, function: declared }) =>
    declared === undefined
      ? []
      : [
          {
            name,
            overloads: declared.overloads.map(({ overloadId, params, resultType }) =>
              free(overloadId, params.map(specType), specType(resultType), () => fail(`${name} is only declared`)),
            ),
          },
        ],
  )
}

/** In the cases, an optional is represented by its content. */
export const unwrap = (value: CelValue): CelValue => (value instanceof Optional && value.value !== undefined ? value.value : value)

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function field(value: unknown, name: string): Json {
  const found = isJson(value) ? value[name] : undefined
  if (!isJson(found)) throw new NotCovered(`no ${name}`)
  return found
}

function listOf(value: unknown, name: string): Json[] {
  const found = isJson(value) ? value[name] : undefined
  return Array.isArray(found) ? found.filter(isJson) : []
}
