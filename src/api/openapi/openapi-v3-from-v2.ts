// Converts a part of an OpenAPI v2 document to OpenAPI v3, for servers that have only the older one, as upstream's aggregator.
import { isJsonObject } from '../../base/json.ts'
import { mapReferences, type OpenApiPart } from './openapi-part.ts'

type Json = Readonly<Record<string, unknown>>

const methods = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch'])
/** v2 fields beside a parameter's type, which v3 has in the schema. */
const besideSchema = new Set(['name', 'in', 'description', 'required', 'schema'])
const v2Prefix = '#/definitions/'

export function openApiV3FromV2({ paths, definitions }: OpenApiPart, title: string): object {
  const moved = (value: unknown): Json =>
    mapReferences(value, ref => (ref.startsWith(v2Prefix) ? `#/components/schemas/${ref.slice(v2Prefix.length)}` : ref)) as Json
  return {
    openapi: '3.0.0',
    info: { title, version: 'unversioned' },
    paths: mapped(moved(paths), item =>
      mapped(item, (value, key) => (methods.has(key) ? operation(value) : key === 'parameters' ? parameters(value) : value)),
    ),
    components: { schemas: moved(definitions) },
  }
}

function mapped(value: unknown, map: (member: unknown, key: string) => unknown): Json {
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, map(member, key)])) : {}
}

function operation(value: unknown): Json {
  const { consumes, produces, schemes: _, parameters: all, responses, ...rest } = isJsonObject(value) ? value : {}
  const listed = Array.isArray(all) ? all.filter(isJsonObject) : []
  const body = listed.find(one => one['in'] === 'body')
  const others = parameters(listed.filter(one => one['in'] !== 'body'))
  return {
    ...rest,
    ...(others.length === 0 ? {} : { parameters: others }),
    ...(body === undefined
      ? {}
      : { requestBody: { content: content(consumes, body['schema'], '*/*'), ...(body['required'] === true ? { required: true } : {}) } }),
    responses: mapped(responses, one => response(one, produces)),
  }
}

function parameters(value: unknown): Json[] {
  return (Array.isArray(value) ? value.filter(isJsonObject) : []).map(one => {
    const plain = Object.entries(one).filter(([key]) => besideSchema.has(key) && key !== 'schema')
    const schema = Object.entries(one).filter(([key]) => !besideSchema.has(key))
    return { ...Object.fromEntries(plain), schema: Object.fromEntries(schema) }
  })
}

function response(value: unknown, produces: unknown): Json {
  const { schema, ...rest } = isJsonObject(value) ? value : {}
  return schema === undefined ? rest : { ...rest, content: content(produces, schema, 'application/json') }
}

function content(types: unknown, schema: unknown, usual: string): Json {
  const all = Array.isArray(types) && types.length > 0 ? types.filter(type => typeof type === 'string') : [usual]
  return Object.fromEntries(all.map(type => [type, { schema }]))
}
