// Answers in YAML: block style, written in about the time that JSON takes. A general library takes a second for an object of the largest size, for
// which no other request is to wait.

import { isJsonObject } from '../../base/json.ts'

/** Below this many levels values are written as JSON, which is YAML too: the spaces before each line would multiply the size. */
const maxLevels = 32
/** What begins like a word, has nothing in it that means something to YAML, and is no word of its own. */
const plain = /^[A-Za-z_/](?:[\w./@()-]|[: ](?=[\w./]))*$/
const maxPlain = 256
const reserved = /^(?:y|n|yes|no|on|off|true|false|null)$/i
/** Text of many lines stands no further right than so many spaces, for the same reason. */
const maxTextIndent = 16
/** Not to be written as they are: what is not printable in YAML, tabs, and what else ends a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}/u
/** Which JSON leaves as they are. */
const unescaped = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g
/** The longest name that may stand before its colon on one line. */
const maxKey = 1000

/** A value as JSON has it, each line behind `indent`. */
export function yamlText(value: unknown, indent = ''): string {
  const writer = new YamlWriter()
  writer.value(value, indent, indent, 0)
  return writer.text
}

class YamlWriter {
  text = ''

  /** The lines of a value. What the first of them begins with may stand there already. */
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
  /** Of the object: asked for once, which for a large one takes milliseconds. */
  readonly keys: readonly string[]
}

/** Undefined where the value stands on one line: a scalar, or nothing within. */
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

/** Whether the text may be written as the lines that it has: none of them begins or ends with a space, and no empty ones are around them. */
function standsInLines(text: string): boolean {
  if (!text.includes('\n') || /^[ \n]/.test(text) || / $|\n\n$/.test(text.slice(-2))) return false
  return !text.includes('\n ') && !text.includes(' \n') && !unprintable.test(text)
}

const keyText = (key: string): string => (isPlain(key) ? key : quoted(key))

const isPlain = (text: string): boolean => text.length <= maxPlain && plain.test(text) && !reserved.test(text)

/** As JSON, which YAML reads but for a few characters; what JSON has no word for is null, as within JSON. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null'
  return text.replaceAll(unescaped, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
