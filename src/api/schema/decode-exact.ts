// Finds the errors of a value as upstream's decoder (sigs.k8s.io/json): the same first error, words and order. Runs only if the fast path
// met something unexpected.
import { goQuote } from '../go-text/go-quote.ts'
import { parseMicroTime, parseTime } from '../go-text/go-time.ts'
import { parseQuantity, QuantityError } from '../quantity/quantity.ts'
import type { JsonNode } from './json-text.ts'
import { type SchemaField, type SchemaType, type StructType, structByKey } from './model.ts'

export interface Findings {
  /** Why the value cannot be decoded; undefined if it can. */
  readonly error: string | undefined
  /** `unknown field "spec.foo"`, `duplicate field "kind"`: the first hundred, in document order. */
  readonly strictErrors: readonly string[]
}

const maxStrictErrors = 100

/** `duplicate field "a.b"` for every duplicate member, for any kind. */
export function duplicateMembers(node: JsonNode): string[] {
  const errors = new Set<string>()
  const visit = (current: JsonNode, path: string): void => {
    if (current.type === 'array')
      current.items.forEach((item, index) => {
        visit(item, `${path}[${index}]`)
      })
    if (current.type !== 'object') return
    const seen = new Set<string>()
    for (const [key, member] of current.members) {
      const inner = path === '' ? key : `${path}.${key}`
      if (seen.has(key) && errors.size < maxStrictErrors) errors.add(`duplicate field ${goQuote(inner)}`)
      seen.add(key)
      visit(member, inner)
    }
  }
  visit(node, '')
  return [...errors]
}

/** Aborts the walk: an error of a type with its own decoder wins over earlier type errors. */
class Abort extends Error {}

export function examine(node: JsonNode, type: SchemaType): Findings {
  const walk = new Walk()
  try {
    walk.value(node, type)
  } catch (err) {
    if (err instanceof Abort) return { error: err.message, strictErrors: [] }
    throw err
  }
  return walk.error === undefined ? { error: undefined, strictErrors: [...walk.strict] } : { error: walk.error, strictErrors: [] }
}

/** `json: cannot unmarshal …` without the place. */
interface Mismatch {
  readonly value: string
  readonly go: string
}

class Walk {
  error: string | undefined
  readonly strict = new Set<string>()
  /** The struct with the current field, and the path of fields to it. As in Go, without list indexes and map keys. */
  #struct: string | undefined
  readonly #fields: string[] = []
  /** The current place for strict errors: with list indexes and map keys. */
  #path = ''

  value(node: JsonNode, type: SchemaType): void {
    switch (type.kind) {
      case 'struct':
        if (node.type === 'object') this.#structValue(node.members, type)
        else this.#mismatch(node, type.go)
        break
      case 'map':
        if (node.type === 'object') this.#mapValue(node.members, type.item)
        else this.#mismatch(node, type.go)
        break
      case 'list':
        if (node.type === 'array') this.#listValue(node.items, type.item)
        else this.#mismatch(node, type.go)
        break
      case 'string':
      case 'bool':
        if (node.type !== type.kind) this.#mismatch(node, type.go)
        break
      case 'int32':
      case 'int64':
      case 'uint32':
        if (node.type !== 'number' || !isInteger(node.raw, type.kind)) this.#mismatch(node, type.go, true)
        break
      case 'float64':
        if (node.type !== 'number' || !Number.isFinite(Number(node.raw))) this.#mismatch(node, type.go, true)
        break
      case 'bytes':
        this.#bytes(node, type.go)
        break
      default:
        if (node.type !== 'null') this.#ownDecoder(node, type.kind)
    }
  }

  #structValue(members: readonly (readonly [string, JsonNode])[], type: StructType): void {
    const seen = new Set<SchemaField>()
    const struct = this.#struct
    const path = this.#path
    for (const [key, member] of members) {
      const field = type.byName.get(key)
      if (field === undefined) {
        this.#strictError('unknown field', path, key)
        continue
      }
      if (seen.has(field)) this.#strictError('duplicate field', path, key)
      seen.add(field)
      this.#struct = type.name
      this.#fields.push(key)
      this.#path = path === '' ? key : `${path}.${key}`
      this.value(member, field.type)
      this.#fields.pop()
      this.#struct = struct
      this.#path = path
    }
  }

  #mapValue(members: readonly (readonly [string, JsonNode])[], item: SchemaType): void {
    const seen = new Set<string>()
    const path = this.#path
    for (const [key, member] of members) {
      if (seen.has(key)) this.#strictError('duplicate field', path, key)
      seen.add(key)
      this.#path = path === '' ? key : `${path}.${key}`
      this.value(member, item)
      this.#path = path
    }
  }

  #listValue(items: readonly JsonNode[], item: SchemaType): void {
    const path = this.#path
    for (const [index, member] of items.entries()) {
      this.#path = `${path}[${index}]`
      this.value(member, item)
    }
    this.#path = path
  }

  #bytes(node: JsonNode, go: string): void {
    if (node.type === 'array') {
      // Go also reads a list of small numbers into bytes.
      for (const item of node.items) if (item.type !== 'number' || !isByte(item.raw)) this.#mismatch(item, 'uint8', true)
    } else if (node.type === 'string') {
      const at = base64ErrorAt(node.value)
      if (at !== undefined) this.error ??= `illegal base64 data at input byte ${at}`
    } else this.#mismatch(node, go)
  }

  #ownDecoder(node: JsonNode, kind: string): void {
    switch (kind) {
      case 'time':
      case 'microtime': {
        if (node.type !== 'string') throw new Abort(this.#describe({ value: valueName(node), go: 'string' }))
        const parsed = kind === 'time' ? parseTime(node.value) : parseMicroTime(node.value)
        if (!parsed.ok) throw new Abort(parsed.message)
        break
      }
      case 'quantity':
        try {
          parseQuantity(quantityText(node))
        } catch (err) {
          if (err instanceof QuantityError) throw new Abort(err.message)
          throw err
        }
        break
      case 'intOrString':
        if (node.type !== 'string' && (node.type !== 'number' || !isInteger(node.raw, 'int32'))) {
          throw new Abort(this.#describe({ value: valueName(node, true), go: 'int32' }))
        }
        break
      case 'schemaOrBool':
        if (node.type === 'object') this.#nested(node)
        else if (node.type !== 'bool') throw new Abort('boolean or JSON schema expected')
        break
      case 'schemaOrArray':
        if (node.type === 'object') this.#nested(node)
        else if (node.type === 'array') for (const item of node.items) this.#nested(item)
        break
      case 'schemaOrStrings':
        if (node.type === 'object') this.#nested(node)
        else if (node.type === 'array') for (const item of node.items) this.#nestedString(item)
        break
    }
  }

  /** A schema inside a schema is decoded separately: no strict errors, and its error keeps only the type. */
  #nested(node: JsonNode): void {
    const schema = structByKey('apiextensions/v1.JSONSchemaProps')
    if (schema === undefined) throw new Error('Generated schema lacks JSONSchemaProps')
    const { error } = examine(node, schema)
    if (error === undefined) return
    const match = /^json: cannot unmarshal (.+) into Go (?:struct field \S+|value) of type (.+)$/.exec(error)
    if (match?.[1] === undefined || match[2] === undefined) throw new Abort(error)
    throw new Abort(this.#describe({ value: match[1], go: match[2] }))
  }

  #nestedString(node: JsonNode): void {
    if (node.type !== 'string' && node.type !== 'null') throw new Abort(this.#describe({ value: valueName(node), go: 'string' }))
  }

  #mismatch(node: JsonNode, go: string, numeric = false): void {
    if (node.type !== 'null') this.error ??= this.#describe({ value: valueName(node, numeric), go })
  }

  #describe({ value, go }: Mismatch): string {
    if (this.#struct === undefined) return `json: cannot unmarshal ${value} into Go value of type ${go}`
    return `json: cannot unmarshal ${value} into Go struct field ${this.#struct}.${this.#fields.join('.')} of type ${go}`
  }

  #strictError(what: string, path: string, key: string): void {
    if (this.strict.size < maxStrictErrors) this.strict.add(`${what} ${goQuote(path === '' ? key : `${path}.${key}`)}`)
  }
}

/** Go's name of a value that does not fit; a number's text only if a number was expected. */
function valueName(node: JsonNode, numeric = false): string {
  return node.type === 'number' && numeric ? `number ${node.raw}` : node.type
}

export function isInteger(text: string, kind: 'int32' | 'int64' | 'uint32'): boolean {
  if (!/^-?\d+$/.test(text) || text.length > 20) return false
  const value = BigInt(text)
  if (kind === 'uint32') return value >= 0n && value < 2n ** 32n
  const limit = kind === 'int32' ? 2n ** 31n : 2n ** 63n
  return value >= -limit && value < limit
}

function isByte(text: string): boolean {
  return /^-?\d{1,3}$/.test(text) && Number(text) >= 0 && Number(text) < 256
}

/** The text for Quantity's own decoder: without quotes, but with raw escapes. A list or an object fails at its first character. */
function quantityText(node: JsonNode): string {
  if (node.type === 'array') return '['
  if (node.type === 'object') return '{'
  return (node.type === 'string' ? node.raw.slice(1, -1) : node.raw).trim()
}

const base64Char = /[A-Za-z0-9+/]/

/** Where Go's base64.StdEncoding stops; undefined if the text is valid. Line breaks are skipped, as in Go. */
function base64ErrorAt(text: string): number | undefined {
  let at = 0
  const next = (): string => {
    while (text.charAt(at) === '\n' || text.charAt(at) === '\r') at++
    return text.charAt(at++)
  }
  for (;;) {
    for (let place = 0; place < 4; place++) {
      const char = next()
      if (char === '') return place === 0 ? undefined : text.length - place
      if (base64Char.test(char)) continue
      if (char !== '=' || place < 2) return at - 1
      if (place === 2) {
        const second = next()
        if (second === '') return text.length
        if (second !== '=') return at - 2
      }
      return next() === '' ? undefined : at - 1
    }
  }
}
