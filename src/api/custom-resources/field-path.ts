// Paths by which a rule names the field that its failure belongs to: `.spec.name`, `.labels['a/b']`.
import type { JSONSchemaProps } from '../types/apiextensions-v1.ts'
import { isSchema } from './schema-reader.ts'

export type FieldPath = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string }

/** The path as messages write it, or why the schema has no such field. */
export function fieldPathOf(path: string, schema: JSONSchemaProps): FieldPath {
  const refuse = (problem: string): FieldPath => ({ ok: false, problem })
  const tokens = path.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]']+|'/gs) ?? []
  let at: JSONSchemaProps = schema
  let text = ''
  const step = (name: string): string | undefined => {
    if (at.properties !== undefined) {
      const property = Object.hasOwn(at.properties, name) ? at.properties[name] : undefined
      if (property === undefined) return 'does not refer to a valid field'
      text += text === '' ? name : `.${name}`
      at = property
    } else if (isSchema(at.additionalProperties)) {
      text += `[${name}]`
      at = at.additionalProperties
    } else return 'does not refer to a valid field'
    return undefined
  }
  for (let next = 0; next < tokens.length; next++) {
    const token = tokens[next] ?? ''
    const name = tokens[++next]
    if (token !== '.' && token !== '[') return refuse(`expected [ or . but got: ${token}`)
    if (name === undefined) return refuse('unexpected end of JSON path')
    if (token === '.') {
      const problem = step(name)
      if (problem !== undefined) return refuse(problem)
      continue
    }
    if (!/^'.*'$/s.test(name) || name.length < 2) return refuse(`expected single quoted string but got ${name}`)
    const key = unescaped(name.slice(1, -1))
    if (key === undefined) return refuse(`invalid string literal: invalid escape char in ${name}`)
    const problem = step(key)
    if (problem !== undefined) return refuse(problem)
    const end = tokens[++next]
    if (end === undefined) return refuse('unexpected end of JSON path')
    if (end !== ']') return refuse(`expected ] but got ${end}`)
  }
  return { ok: true, text }
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' }

/** Undefined for an escape that is none. */
function unescaped(text: string): string | undefined {
  let wrong = false
  const result = text.replace(/\\(.)/gs, (_, char: string) => {
    const plain = escapes[char]
    if (plain === undefined) wrong = true
    return plain ?? ''
  })
  return wrong ? undefined : result
}
