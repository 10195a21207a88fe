// A table of messages as protobuf.js's JSON form, for `fromJSON` of @grpc/proto-loader.

export interface ProtocolTable {
  /** Such as `csi.v1`. */
  readonly packageName: string
  /** Field -> "number type": `[]` repeated, `?` a member of the message's oneof, `map` and `secrets` map<string,string>, `map<string,T>` another. */
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Names by their numbers, or numbers by their names. */
  readonly enums: Readonly<Record<string, readonly string[] | Readonly<Record<string, number>>>>
  readonly methods: Readonly<Record<string, MethodRow>>
}

/** Service, request, answer, and whether there is a stream of answers, or of both. */
export type MethodRow = readonly [string, string, string, ('answers' | 'both')?]

interface FieldJson {
  readonly id: number
  readonly type: string
  readonly keyType?: 'string'
  readonly rule?: 'repeated'
}

export function protocolDescriptor({ packageName, messages, enums, methods }: ProtocolTable): { nested: Record<string, object> } {
  const types: Record<string, object> = {}
  for (const [name, fields] of Object.entries(messages)) {
    const choices = Object.keys(fields).filter(field => fields[field]?.endsWith('?'))
    const parsed = Object.fromEntries(Object.entries(fields).map(([field, text]) => [field, parseField(text)]))
    types[name] = { fields: parsed, ...(choices.length > 0 && { oneofs: { choice: { oneof: choices } } }) }
  }
  for (const [name, names] of Object.entries(enums))
    types[name] = { values: isList(names) ? Object.fromEntries(names.map((value, number) => [value, number])) : names }
  const services: Record<string, { methods: Record<string, object> }> = {}
  for (const [method, [service, requestType, responseType, stream]] of Object.entries(methods)) {
    services[service] ??= { methods: {} }
    services[service].methods[method] = {
      requestType,
      responseType,
      requestStream: stream === 'both',
      responseStream: stream !== undefined,
    }
  }
  return packageName.split('.').reduceRight<{ nested: Record<string, object> }>((inner, name) => ({ nested: { [name]: inner } }), {
    nested: { ...types, ...services },
  })
}

const isList = (names: readonly string[] | Readonly<Record<string, number>>): names is readonly string[] => Array.isArray(names)

function parseField(text: string): FieldJson {
  const [number = '', type = ''] = text.split(' ')
  const id = Number(number)
  if (type === 'map' || type === 'secrets') return { id, keyType: 'string', type: 'string' }
  const [, value] = /^map<string,(.+)>$/.exec(type) ?? []
  if (value !== undefined) return { id, keyType: 'string', type: value }
  if (type.endsWith('[]')) return { id, type: type.slice(0, -2), rule: 'repeated' }
  return { id, type: type.endsWith('?') ? type.slice(0, -1) : type }
}
