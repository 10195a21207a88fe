// Writes answers in YAML: block style, about as fast as JSON. A general library takes a second for an object of the largest size, which
// would block all other requests.

import { isJsonObject } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'

/** Deeper levels are written as JSON, which is YAML too: indentation would multiply the size. */
const maxLevels = 32
/** A text that begins like a word, and has neither YAML syntax nor a special meaning. */
const plain = /^[A-Za-z_/](?:[\w./@()-]|[: ](?=[\w./]))*$/
const maxPlain = 256
const reserved = /^(?:y|n|yes|no|on|off|true|false|null)$/i
/** Multi-line text is indented at most this far, for the same reason. */
const maxTextIndent = 16
/** Characters that need quoting: not printable in YAML, tabs, and other line ends. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}/u
/** Characters that JSON leaves unescaped. */
const unescaped = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g
/** The longest key that may precede its colon on one line. */
const maxKey = 1000

/** A JSON value, each line after `indent`. */
export function yamlText(value: unknown, indent = ''): string {
  const writer = new YamlWriter()
  writer.value(value, indent, indent, 0)
  return writer.text
}

class YamlWriter {
  text = ''

  /** The lines of a value. The first one's beginning may already be written. */
  value(value: unknown, indent: string, first: string, level: number): void {
    const within = level < maxLevels ? whatIsWithin(value) : undefined
    if (within === undefined) this.text += `${first}${scalar(value, indent)}\n`
    else this.#collection(within, indent, first, level)
  }

  #collection({ items, object, keys }: Within, indent: string, first: string, level: number): void {
    const deeper = `${indent}  `
    let start = first
    for (const item of items) {
      this.value(item, deeper, `${start}- `, level + 1)
      start = indent
    }
    for (const key of keys) {
      const member = object[key]
      if (member === undefined) continue
      const name = keyText(key)
      this.text += `${start}${name.length > maxKey ? `? ${name}\n${indent}` : name}:`
      start = indent
      const within = level + 1 < maxLevels ? whatIsWithin(member) : undefined
      if (within === undefined) this.text += ` ${scalar(member, deeper)}\n`
      else {
        this.text += '\n'
        this.#collection(within, deeper, deeper, level + 1)
      }
    }
  }
}

/** Of a list or an object; the other one is empty. */
interface Within {
  readonly items: readonly unknown[]
  readonly object: Readonly<Record<string, unknown>>
  /** The object's keys, computed once: for a large one that takes milliseconds. */
  readonly keys: readonly string[]
}

/** Undefined if the value is on one line: a scalar, or empty. */
function whatIsWithin(value: unknown): Within | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : { items: value, object: {}, keys: [] }
  if (!isJsonObject(value)) return undefined
  const keys = Object.keys(value)
  return keys.some(key => value[key] !== undefined) ? { items: [], object: value, keys } : undefined
}

function scalar(value: unknown, indent: string): string {
  if (typeof value !== 'string') return quoted(value)
  if (isPlain(value)) return value
  if (indent.length > maxTextIndent || !standsInLines(value)) return quoted(value)
  const ends = value.endsWith('\n')
  const lines = ends ? value.slice(0, -1) : value
  return `${ends ? '|' : '|-'}\n${indent}${lines.replaceAll(/\n(?!\n)/g, `\n${indent}`)}`
}

/** Whether the text can be a block scalar: no line begins or ends with a space, and there are no empty lines around it. */
function standsInLines(text: string): boolean {
  if (!text.includes('\n') || /^[ \n]/.test(text) || / $|\n\n$/.test(text.slice(-2))) return false
  return !text.includes('\n ') && !text.includes(' \n') && !unprintable.test(text)
}

const keyText = (key: string): string => (isPlain(key) ? key : quoted(key))

const isPlain = (text: string): boolean => text.length <= maxPlain && plain.test(text) && !reserved.test(text)

/** As JSON, which YAML reads except for a few characters; values without a JSON form are null, as within JSON. */
function quoted(value: unknown): string {
  const text = writeJson(value) ?? 'null'
  return text.replaceAll(unescaped, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
