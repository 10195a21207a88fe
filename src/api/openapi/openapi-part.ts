// Extracts one group version from another server's OpenAPI v2 document, so that it can be merged with others. Pure.
import { isJsonObject } from '../../base/json.ts'

export interface OpenApiPart {
  readonly paths: Readonly<Record<string, unknown>>
  readonly definitions: Readonly<Record<string, unknown>>
}

type Json = Readonly<Record<string, unknown>>

const definitionPrefix = '#/definitions/'
const parameterPrefix = '#/parameters/'

const objectAt = (value: unknown, key: string): Json => {
  const found = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return isJsonObject(found) ? found : {}
}

/** Its paths and all types that they use; undefined if the document has none of them. The caller limits the document's nesting. */
export function openApiPart(document: unknown, group: string, version: string): OpenApiPart | undefined {
  const prefix = `/apis/${group}/${version}/`
  const parameters = objectAt(document, 'parameters')
  const all = objectAt(document, 'definitions')
  const paths = Object.entries(objectAt(document, 'paths')).filter(([path]) => path.startsWith(prefix))
  if (paths.length === 0) return undefined
  const whole = Object.fromEntries(paths.map(([path, value]) => [path, withParameters(value, parameters)]))
  const found = new Map<string, unknown>()
  const waiting: unknown[] = [whole]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    for (const name of referredNames(value)) {
      if (found.has(name) || !Object.hasOwn(all, name)) continue
      const definition = withParameters(all[name], parameters)
      found.set(name, definition)
      waiting.push(definition)
    }
  }
  return { paths: whole, definitions: Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1))) }
}

function* referredNames(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* referredNames(item)
  else if (isJsonObject(value))
    for (const [key, member] of Object.entries(value)) {
      if (key === '$ref' && typeof member === 'string') {
        if (member.startsWith(definitionPrefix)) yield member.slice(definitionPrefix.length)
      } else yield* referredNames(member)
    }
}

/** Inlines shared parameters: names of two documents could collide. */
function withParameters(value: unknown, parameters: Json): unknown {
  if (Array.isArray(value)) return value.map(item => withParameters(item, parameters))
  if (!isJsonObject(value)) return value
  const ref = Object.hasOwn(value, '$ref') ? value['$ref'] : undefined
  if (typeof ref === 'string' && ref.startsWith(parameterPrefix)) {
    const name = ref.slice(parameterPrefix.length)
    return Object.hasOwn(parameters, name) ? parameters[name] : {}
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withParameters(member, parameters)]))
}

/** The same value with renamed references. */
export function mapReferences(value: unknown, map: (ref: string) => string): unknown {
  if (Array.isArray(value)) return value.map(item => mapReferences(item, map))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? map(member) : mapReferences(member, map),
    ]),
  )
}
