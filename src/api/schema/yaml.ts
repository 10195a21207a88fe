// YAML as Kubernetes' tools read it: js-yaml for the grammar, plain scalars resolved as sigs.k8s.io/yaml does (`yes` is true, 0644 is octal,
// nothing in base 60), no custom tags, bounded aliases.

import { boolYaml11Tag, CORE_SCHEMA, defineScalarTag, intCoreTag, load, loadAll, mergeTag, NOT_RESOLVED, YAMLException } from 'js-yaml'
import { setOwn } from '../../base/own-property.ts'
import { goQuote } from '../go-quote.ts'
import { isRecord } from './compile.ts'

export class YamlError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'YamlError'
  }
}

const goInteger = defineScalarTag('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: [...'-+0123456789'],
  resolve: source => parseGoInteger(source) ?? NOT_RESOLVED,
  identify: intCoreTag.identify,
})

const schema = CORE_SCHEMA.withTags(boolYaml11Tag, goInteger, mergeTag)
const limits = { schema, maxAliases: 100, maxDepth: 500 }

export interface ReadYaml {
  /** Of keys that stand twice in a map the last one counts. */
  readonly value: unknown
  /** The complaint of upstream's strict reader about the first such key. */
  readonly duplicate: string | undefined
}

/** One document as plain JSON values, or null where there is none, read as leniently as upstream reads it where nothing strict was asked for. Throws `YamlError`. */
export function readYaml(text: string): ReadYaml {
  return guarded(() => {
    try {
      return { value: plain(load(text, limits), text), duplicate: undefined }
    } catch (err) {
      if (!(err instanceof YAMLException)) throw err
      if (err.reason === 'expected a document, but the input is empty') return { value: null, duplicate: undefined }
      if (err.reason !== 'duplicated mapping key' || err.mark === undefined) throw err
      const { line, position } = err.mark
      const duplicate = `yaml: unmarshal errors:\n  line ${line + 1}: key ${goQuote(keyAt(text, position))} already set in map`
      return { value: plain(load(text, { ...limits, json: true }), text), duplicate }
    }
  })
}

/** As `readYaml`, of the body of a request: upstream does not look at what follows the first document. */
export function readFirstYaml(stream: string): ReadYaml {
  return readYaml(firstDocument(stream))
}

/** No value can hold a line that begins with one of these marks. */
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

/** As `readFirstYaml`, with the text of its `YamlError` in the place of a throw. */
export type YamlOutcome = (ReadYaml & { readonly ok: true }) | { readonly ok: false; readonly message: string }

export function tryYaml(stream: string): YamlOutcome {
  try {
    return { ok: true, ...readFirstYaml(stream) }
  } catch (err) {
    if (err instanceof YamlError) return { ok: false, message: err.message }
    throw err
  }
}

/** The key whose mark js-yaml gives; that of a quoted key points behind the opening quote. */
function keyAt(text: string, position: number): string {
  const quote = text[position - 1]
  const end = quote === '"' || quote === "'" ? quote : ':'
  return text.slice(position).split(end, 1)[0]?.trim() ?? ''
}

/** All documents of a stream; empty ones are left out. Throws `YamlError`. */
export function parseYamlDocuments(text: string): unknown[] {
  return guarded(() =>
    loadAll(text, limits)
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
 * Values shared by an alias become copies of their own. Aliases of aliases grow without bound, so the copy may have only a few times as many
 * values as the text has characters. What JSON has no word for (infinity) becomes null.
 */
function plain(value: unknown, text: string): unknown {
  let left = 10_000 + 4 * text.length
  // The parser bounds the nesting of the text; aliases nest again, and one inside of its own anchor without end.
  const copy = (current: unknown, depth: number): unknown => {
    if (left-- <= 0 || depth > limits.maxDepth) throw new YamlError('yaml: document contains excessive aliasing')
    if (Array.isArray(current)) return current.map(item => copy(item, depth + 1))
    if (!isRecord(current)) return current === undefined || (typeof current === 'number' && !Number.isFinite(current)) ? null : current
    const result: Record<string, unknown> = {}
    for (const key of Object.keys(current)) setOwn(result, key, copy(current[key], depth + 1))
    return result
  }
  return copy(value, 0)
}

/** Go's ParseInt with base 0: prefixes 0x, 0o, 0b and 0, and underscores between digits. */
function parseGoInteger(source: string): number | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|[1-9][\d_]*|0)$/.exec(source)
  if (match?.[2] === undefined) return undefined
  const digits = match[2].replaceAll('_', '')
  const octal = /^0[oO]?([0-7]+)$/.exec(digits)?.[1]
  const magnitude = octal === undefined ? Number(digits) : Number.parseInt(octal, 8)
  return Number.isNaN(magnitude) ? undefined : match[1] === '-' ? -magnitude : magnitude
}
