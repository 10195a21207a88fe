// Paths by which a rule names the field of its failure, or a version a selectable field: `.spec.name`, `.labels['a/b']`.
import type { JSONSchemaProps } from '../types/apiextensions-v1.ts'
import { isSchema } from './schema/schema-reader.ts'

export type FieldPath =
  | {
      readonly ok: true
      readonly text: string
      readonly names: readonly string[]
      /** The schema of the field; undefined if the parent allows anything there. */
      readonly schema: JSONSchemaProps | undefined
    }
  | { readonly ok: false; readonly problem: string }

/** A quoted text, the text between delimiters, or a delimiter. */
const token = /'(?:[^']|(?<=\\)')*(?<!\\)'|'.*|[.[\]]|[^.[\]'][^.[\]]*/gs

/** The path in the form of messages, or why the schema has no such field. */
export function fieldPathOf(path: string, schema: JSONSchemaProps, { brackets = true }: { brackets?: boolean } = {}): FieldPath {
  const refuse = (problem: string): FieldPath => ({ ok: false, problem })
  const tokens = path.match(token) ?? []
  const names: string[] = []
  let at: JSONSchemaProps | undefined = schema
  let text = ''
  /** Whether the field may exist. */
  const step = (name: string): boolean => {
    const { properties = {}, additionalProperties } = at ?? {}
    if (Object.keys(properties).length > 0) {
      if (!Object.hasOwn(properties, name)) return false
      text += text === '' ? name : `.${name}`
      at = properties[name]
    } else if (additionalProperties !== undefined) {
      text += `[${name}]`
      at = isSchema(additionalProperties) ? additionalProperties : undefined
    } else return false
    names.push(name)
    return true
  }
  const noField = 'does not refer to a valid field'
  for (let next = 0; next < tokens.length; next++) {
    const opening = tokens[next] ?? ''
    if (opening === '[' && !brackets) return refuse('array notation is not allowed')
    if (opening !== '.' && opening !== '[') return refuse(`expected [ or . but got: ${opening}`)
    const name = tokens[++next]
    if (name === undefined) return refuse('unexpected end of JSON path')
    if (opening === '.') {
      if (!step(name)) return refuse(noField)
      continue
    }
    if (!/^'.*'$/s.test(name) || name.length < 2) return refuse(`expected single quoted string but got ${name}`)
    const key = unescaped(name.slice(1, -1))
    if (key === undefined) return refuse(`invalid string literal: invalid escape char in ${name}`)
    if (!step(key)) return refuse(noField)
    const end = tokens[++next]
    if (end === undefined) return refuse('unexpected end of JSON path')
    if (end !== ']') return refuse(`expected ] but got ${end}`)
  }
  return { ok: true, text, names, schema: at }
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' }

/** Undefined for an invalid escape. */
function unescaped(text: string): string | undefined {
  let wrong = false
  const result = text.replace(/\\(.)/gs, (_, char: string) => {
    const plain = escapes[char]
    if (plain === undefined) wrong = true
    return plain ?? ''
  })
  return wrong ? undefined : result
}
