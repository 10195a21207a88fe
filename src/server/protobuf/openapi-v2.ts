// The Swagger 2.0 document as protobuf (message openapi.v2.Document of gnostic), the only form in which kubectl reads `/openapi/v2`:
// it looks up kinds there that the OpenAPI v3 documents do not have, for example a `List` in a file.
import { writeJson } from '../../base/write-json.ts'

/** The accepted media types. The first one is not valid, but Go clients still send it. */
const mediaTypes = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
]

export const openApiV2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** Whether the `Accept` header names the protobuf form. */
export function acceptsOpenApiProtobuf(accept: string | undefined): boolean {
  return accept?.split(',').some(clause => mediaTypes.includes(clause.split(';', 1)[0]?.trim().toLowerCase() ?? '')) ?? false
}

/** Encodes one value of a field under its number; empty for values that are omitted. */
type Encode = (number: number, value: unknown) => Buffer

/** Field numbers by the names of the JSON form, and where the `x-` members go. */
interface Message {
  readonly fields: Readonly<Record<string, readonly [number: number, encode: Encode]>>
  readonly extensions?: number
}

/** Throws for a member that the tables below do not have, so that no part of the document is lost silently. */
export function openApiV2Protobuf(document: object): Buffer {
  return encodeMessage(documentMessage, document)
}

function encodeMessage({ fields, extensions }: Message, value: unknown): Buffer {
  const parts: Buffer[] = []
  for (const [name, member] of Object.entries(record(value))) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field !== undefined) parts.push(field[1](field[0], member))
    else if (extensions !== undefined && name.startsWith('x-')) parts.push(named(anyValue)(extensions, { [name]: member }))
    else throw new Error(`the OpenAPI document has a member "${name}" that its protobuf form has no field for`)
  }
  return Buffer.concat(parts)
}

const text: Encode = (number, value) => delimited(number, Buffer.from(String(value)))
const flag: Encode = (number, value) => (value === true ? Buffer.concat([varint(number * 8), varint(1)]) : nothing)
/** gnostic stores free-form values as YAML, a superset of JSON. */
const anyValue: Encode = (number, value) => delimited(number, text(2, writeJson(value)))
const nothing = Buffer.alloc(0)

const whole: Encode = (number, value) => Buffer.concat([varint(number * 8), varint(Number(value))])

const double: Encode = (number, value) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(Number(value))
  return Buffer.concat([varint(number * 8 + 1), bytes])
}

/** `additionalProperties` is a schema or a boolean. */
const schemaOrFlag: Encode = (number, value) =>
  typeof value === 'boolean' ? delimited(number, whole(2, value ? 1 : 0)) : wrapped(1, schema)(number, value)

/** A function, because schemas are recursive. */
function message(of: () => Message): Encode {
  return (number, value) => delimited(number, encodeMessage(of(), value))
}

function repeated(encode: Encode): Encode {
  return (number, value) => {
    if (!Array.isArray(value)) throw new Error('the OpenAPI document has one value where its protobuf form has a list')
    return Buffer.concat(value.map(one => encode(number, one)))
  }
}

/** A map is a list of messages with name and value. */
function named(encode: Encode): Encode {
  return (number, value) =>
    Buffer.concat(Object.entries(record(value)).map(([name, one]) => delimited(number, Buffer.concat([text(1, name), encode(2, one)]))))
}

/** A message whose only content is `encode` under the number given: gnostic's wrappers of maps and of choices. */
function wrapped(inner: number, encode: Encode): Encode {
  return (number, value) => delimited(number, encode(inner, value))
}

function delimited(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null)
    throw new Error('the OpenAPI document has a plain value where its protobuf form has a message')
  return value as Record<string, unknown>
}

const schema = message(() => schemaMessage)

const schemaMessage: Message = {
  fields: {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, anyValue],
    multipleOf: [6, double],
    maximum: [7, double],
    exclusiveMaximum: [8, flag],
    minimum: [9, double],
    exclusiveMinimum: [10, flag],
    maxLength: [11, whole],
    minLength: [12, whole],
    pattern: [13, text],
    maxItems: [14, whole],
    minItems: [15, whole],
    uniqueItems: [16, flag],
    maxProperties: [17, whole],
    minProperties: [18, whole],
    required: [19, repeated(text)],
    enum: [20, repeated(anyValue)],
    additionalProperties: [21, schemaOrFlag],
    type: [22, wrapped(1, text)],
    items: [23, wrapped(1, schema)],
    properties: [25, wrapped(1, named(schema))],
  },
  extensions: 31,
}

const bodyParameter: Message = {
  fields: { description: [1, text], name: [2, text], in: [3, text], required: [4, flag], schema: [5, schema] },
}
const queryParameter: Message = {
  fields: { required: [1, flag], in: [2, text], description: [3, text], name: [4, text], type: [6, text], uniqueItems: [20, flag] },
}
const pathParameter: Message = {
  fields: { required: [1, flag], in: [2, text], description: [3, text], name: [4, text], type: [5, text], uniqueItems: [19, flag] },
}

const referenceMessage: Message = { fields: { $ref: [1, text], description: [2, text] } }
const reference = message(() => referenceMessage)
const inBody = message(() => bodyParameter)
const inQuery = message(() => queryParameter)
const inPath = message(() => pathParameter)

/** Parameter and NonBodyParameter: the message depends on the location of the parameter. */
const parameter: Encode = (number, value) => {
  const place = record(value).in
  if (place === 'body') return wrapped(1, inBody)(number, value)
  return wrapped(2, place === 'query' ? wrapped(3, inQuery) : wrapped(4, inPath))(number, value)
}

/** ParametersItem: a parameter or a reference to a shared one. */
const parameterItem: Encode = (number, value) =>
  (Object.hasOwn(record(value), '$ref') ? wrapped(2, reference) : wrapped(1, parameter))(number, value)

/** A schema, or a `$ref` to one, is the first choice of SchemaItem. */
const responseMessage: Message = { fields: { description: [1, text], schema: [2, wrapped(1, schema)] } }

const operation: Message = {
  fields: {
    tags: [1, repeated(text)],
    description: [3, text],
    operationId: [5, text],
    produces: [6, repeated(text)],
    consumes: [7, repeated(text)],
    parameters: [8, repeated(parameterItem)],
    responses: [
      9,
      wrapped(
        1,
        named(
          wrapped(
            1,
            message(() => responseMessage),
          ),
        ),
      ),
    ],
  },
  extensions: 13,
}

const method = message(() => operation)

const pathItem: Message = {
  fields: {
    get: [2, method],
    put: [3, method],
    post: [4, method],
    delete: [5, method],
    options: [6, method],
    head: [7, method],
    patch: [8, method],
    parameters: [9, repeated(parameterItem)],
  },
}

const documentMessage: Message = {
  fields: {
    swagger: [1, text],
    info: [2, message(() => ({ fields: { title: [1, text], version: [2, text] } }))],
    paths: [8, wrapped(2, named(message(() => pathItem)))],
    definitions: [9, wrapped(1, named(schema))],
    parameters: [10, wrapped(1, named(parameter))],
  },
}
