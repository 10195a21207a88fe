// YAML as Kubernetes' tools read it: js-yaml for the grammar, values by sigs.k8s.io/yaml, limited aliases.

import { isUtf8 } from 'node:buffer'
import { load, loadAll, YAMLException } from 'js-yaml'
import { setOwn } from '../../base/data/own-property.ts'
import { goSyntax } from '../go-text/go-format.ts'
import { utf8Problem } from './utf8-problem.ts'
import { yamlSchema } from './yaml-schema.ts'

export class YamlError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'YamlError'
  }
}

const limits = { schema: yamlSchema, maxAliases: 100, maxDepth: 500 }

export interface ReadYaml {
  /** The last of duplicate keys wins. */
  readonly value: unknown
  /** The error of upstream's strict reader about the first duplicate key. */
  readonly duplicate: string | undefined
}

/** Parses one document to plain JSON values, or null if there is none, as leniently as upstream without strictness. Throws `YamlError`. */
export function readYaml(text: string): ReadYaml {
  return guarded(() => {
    try {
      return { value: jsonOf(text, limits), duplicate: undefined }
    } catch (err) {
      if (!(err instanceof YAMLException)) throw err
      if (err.reason === 'expected a document, but the input is empty') return { value: null, duplicate: undefined }
      if (err.reason !== 'duplicated mapping key' || err.mark === undefined) throw err
      return { value: jsonOf(text, { ...limits, json: true }), duplicate: duplicateKey(err.mark) }
    }
  })
}

/** Limit of characters parsed again for lines that begin too far left. */
const rereadCharacters = 256 * 1024

/** Upstream lets lines in flow collections and quoted scalars begin anywhere. js-yaml requires indentation, and reports the line. */
function parse<T>(text: string, read: (text: string, options: Limits) => T, options: Limits): T {
  let indented = text
  for (let left = rereadCharacters - text.length; ; left -= text.length) {
    try {
      return read(indented, options)
    } catch (err) {
      if (!(err instanceof YAMLException) || err.reason !== 'deficient indentation' || err.mark === undefined || left < 0) throw err
      const next = withIndent(indented, err.mark.position)
      if (next === undefined) throw err
      indented = next
    }
  }
}

/**
 * The text with the line of a position indented more than anything that may contain it. If the line begins before the collection, a tab is
 * at fault, and a space replaces it. Undefined if there is none.
 */
function withIndent(text: string, position: number): string | undefined {
  const begin = Math.max(text.lastIndexOf('\n', position - 1), text.lastIndexOf('\r', position - 1)) + 1
  const line = text.slice(begin, position)
  if (line.trim() !== '') {
    const tab = tabBetweenTokens.exec(line)?.[1]?.length
    return tab === undefined ? undefined : `${text.slice(0, begin + tab)} ${text.slice(begin + tab + 1)}`
  }
  let widest = 0
  for (const [lead] of text.slice(0, begin).matchAll(/^[ \-?:]+/gm)) widest = Math.max(widest, lead.length)
  return `${text.slice(0, begin)}${' '.repeat(Math.min(widest + 1, maxIndent))}${text.slice(begin)}`
}

const tabBetweenTokens = /^((?:[^"'\t]|"(?:[^"\\]|\\.)*"|'[^']*')*[:,[{ ])\t/
const maxIndent = 1000

type Limits = typeof limits & { readonly json?: boolean }

function jsonOf(text: string, options: Limits): unknown {
  const mayEndInBlock = !text.endsWith('\n') && /[|>]/.test(text)
  return (mayEndInBlock ? endingInBlock(text, options) : undefined)?.value ?? plain(parse(text, load, options), text)
}

/** For private use, so that no text of the grammar contains it. */
const endMark = '\ue000'

/**
 * The value of a text that ends within a block scalar, without a final line break if the text has none; js-yaml adds one. A mark shows
 * where it ends, since only such a scalar can have a line break after it.
 */
function endingInBlock(text: string, options: Limits): { readonly value: unknown } | undefined {
  let ends = false
  const unmarked = (scalar: string): string => {
    if (!scalar.endsWith(`${endMark}\n`)) return scalar
    ends = true
    return scalar.slice(0, -2)
  }
  try {
    const value = plain(parse(text + endMark, load, options), text, unmarked)
    return ends ? { value } : undefined
  } catch (err) {
    // Errors of the text itself are reported when it is parsed without the mark.
    if (err instanceof YAMLException || err instanceof YamlError) return undefined
    throw err
  }
}

/** As `readYaml`, for the body of a request: upstream ignores everything after the first document. */
export function readFirstYaml(stream: string): ReadYaml {
  return readYaml(firstDocument(stream))
}

/** No value can contain a line that begins with one of these marks. */
const documentMark = /^(?:---|\.\.\.)(?=\s|$)/gm
const beforeDocument = /^(?:\ufeff?[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*$/

function firstDocument(stream: string): string {
  const marks = stream.matchAll(documentMark)
  const first = marks.next().value?.index
  const second = marks.next().value?.index
  const begins = first !== undefined && stream.startsWith('---', first) && beforeDocument.test(stream.slice(0, first))
  const end = begins ? second : first
  return end === undefined ? stream : stream.slice(0, end)
}

/** As `readFirstYaml`, but returns the text of the `YamlError` instead of throwing. */
export type YamlOutcome = (ReadYaml & { readonly ok: true }) | { readonly ok: false; readonly message: string }

export function tryYaml(stream: Uint8Array): YamlOutcome {
  if (!isUtf8(stream)) return { ok: false, message: `yaml: ${utf8Problem(stream)}` }
  try {
    return { ok: true, ...readFirstYaml(new TextDecoder('utf-8', { ignoreBOM: true }).decode(stream)) }
  } catch (err) {
    if (err instanceof YamlError) return { ok: false, message: err.message }
    throw err
  }
}

/** The error about a key at js-yaml's mark; that of a quoted key points after the opening quote. Upstream counts the line of its value. */
function duplicateKey({ buffer: text, position }: NonNullable<YAMLException['mark']>): string {
  const quote = /["']/.exec(text[position - 1] ?? '')?.[0]
  const source = text.slice(position).split(quote ?? /:(?:\s|$)|\n/, 1)[0] ?? ''
  const key = quote === undefined && /^[\w.+~-]+\s*$/.test(source) ? load(source, limits) : source.trim()
  const line = text.slice(0, position + source.length + spaceBeforeValue(text, position + source.length)).split('\n').length
  return `yaml: unmarshal errors:\n  line ${line}: key ${goSyntax(key)} already set in map`
}

/** The number of characters between a key and its value, including comments and line breaks; 0 for a key without value. */
function spaceBeforeValue(text: string, afterKey: number): number {
  const begin = text.lastIndexOf('\n', afterKey - 1) + 1
  const indent = /^[ -]*/.exec(text.slice(begin))?.[0].length ?? 0
  const space = /^["']?[ \t]*:(?:[ \t]|#.*|\r?\n)*/.exec(text.slice(afterKey))?.[0] ?? ''
  const lines = space.split('\n')
  const own = lines.at(-1)?.length ?? 0
  const isList = text.startsWith('- ', afterKey + space.length)
  return lines.length === 1 || own > indent || (own === indent && isList) ? space.length : 0
}

/** All documents of a stream without empty ones. Throws `YamlError`. */
export function parseYamlDocuments(text: string): unknown[] {
  return guarded(() =>
    parse(text, (stream, options) => loadAll(stream, options), limits)
      .map(document => plain(document, text))
      .filter(document => document !== null),
  )
}

function guarded<T>(read: () => T): T {
  try {
    return read()
  } catch (err) {
    if (err instanceof YAMLException) {
      const at = err.mark === undefined ? '' : `line ${err.mark.line + 1}: `
      throw new YamlError(`yaml: ${at}${err.reason}`)
    }
    throw err
  }
}

/**
 * Values shared by an alias are copied. Aliases of aliases grow exponentially, so the copy may have only a few times as many values as the
 * text has characters. Throws `YamlError` for values without a JSON form.
 */
function plain(value: unknown, text: string, scalar = (source: string): string => source): unknown {
  let left = 10_000 + 4 * text.length
  // The parser limits the nesting of the text; aliases nest further, and one inside of its own anchor endlessly.
  const copy = (current: unknown, depth: number): unknown => {
    if (left-- <= 0 || depth > limits.maxDepth) throw new YamlError('yaml: document contains excessive aliasing')
    if (Array.isArray(current)) return current.map(item => copy(item, depth + 1))
    if (current instanceof Map) {
      const result: Record<string, unknown> = {}
      for (const [key, member] of current) {
        const inner = copy(member, depth + 1)
        setOwn(result, typeof key === 'object' ? refuseKey(copy(key, depth + 1), inner) : nameOf(key), inner)
      }
      return result
    }
    if (typeof current === 'number' && !Number.isFinite(current)) throw new YamlError(`json: unsupported value: ${goInfinity(current)}`)
    if (typeof current !== 'string') return current ?? null
    if (!current.isWellFormed()) throw new YamlError('yaml: found invalid Unicode character escape code')
    return scalar(current)
  }
  return copy(value, 0)
}

function goInfinity(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** The JSON name of a key. */
function nameOf(key: unknown): string {
  return typeof key !== 'number' || Number.isFinite(key) ? String(key) : Number.isNaN(key) ? '.nan' : key > 0 ? '.inf' : '-.inf'
}

function refuseKey(key: unknown, value: unknown): never {
  const problem = key === null ? `unsupported map key of type: %!s(<nil>), key: <nil>, value: ${goSyntax(value)}` : undefined
  throw new YamlError(problem ?? `yaml: invalid map key: ${goSyntax(key)}`)
}
