// A table of messages as protobuf.js's JSON form, for `fromJSON` of @grpc/proto-loader.

export interface ProtocolTable {
  /** Such as `csi.v1`. */
  readonly packageName: string
  /** Field -> "number type": `[]` repeated, `?` a member of the message's oneof, `map` and `secrets` map<string,string>. */
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Names by their numbers. */
  readonly enums: Readonly<Record<string, readonly string[]>>
  /** Method -> service, request, answer. */
  readonly methods: Readonly<Record<string, readonly [string, string, string]>>
}

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
    types[name] = { values: Object.fromEntries(names.map((value, number) => [value, number])) }
  const services: Record<string, { methods: Record<string, object> }> = {}
  for (const [method, [service, requestType, responseType]] of Object.entries(methods)) {
    services[service] ??= { methods: {} }
    services[service].methods[method] = { requestType, responseType }
  }
  return packageName.split('.').reduceRight<{ nested: Record<string, object> }>((inner, name) => ({ nested: { [name]: inner } }), {
    nested: { ...types, ...services },
  })
}

function parseField(text: string): FieldJson {
  const [number = '', type = ''] = text.split(' ')
  const id = Number(number)
  if (type === 'map' || type === 'secrets') return { id, keyType: 'string', type: 'string' }
  if (type.endsWith('[]')) return { id, type: type.slice(0, -2), rule: 'repeated' }
  return { id, type: type.endsWith('?') ? type.slice(0, -1) : type }
}
