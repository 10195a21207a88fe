// JSON.parse for all of src/. V8 of Node 24 before 24.22.1, of 25 and of 26 before 26.12.1 may misread an escaped member name: it compares
// the raw text, not the characters it denotes, with names that have followed the same members before. After `{"a":1,"\\u":2}` it reads
// `{"a":1,"\u0061\u0062":2}` with the members `a` and `\u`. `managedFields` are full of such names.
import { setOwn } from './data/own-property.ts'

/**
 * Returns and throws as JSON.parse, also on engines with the fault. Only memory limits the nesting, so callers limit it for untrusted text.
 */
export const parseJson: (text: string) => unknown = readsEscapedNames(JSON.parse) ? JSON.parse : withoutFault(JSON.parse)

/** Whether `parse` is without the fault. The first member is unique: what the engine caches of it concerns no other object. */
export function readsEscapedNames(parse: (text: string) => unknown): boolean {
  const before = parse('{"bulkhead.dev/escaped-names":0,"\\\\u":0}')
  const after = parse('{"bulkhead.dev/escaped-names":0,"\\u0061\\u0062":0}')
  // Both are used later: the engine drops its cache of a collected object.
  return hasMember(before, '\\u') && hasMember(after, 'ab')
}

/**
 * `parse` with its fault corrected. A misread name has the same beginning as the raw text up to the escape at least, so it contains a
 * backslash: a result without backslashes in names is correct. Anything else is parsed again without names.
 */
export function withoutFault(parse: (text: string) => unknown): (text: string) => unknown {
  return text => {
    const value = parse(text)
    return text.includes('\\') && hasBackslashName(value) ? objectsOf(parse(withoutNames(text))) : value
  }
}

function hasMember(value: unknown, name: string): boolean {
  return isObject(value) && Object.hasOwn(value, name)
}

/** For any depth of a value from JSON.parse. */
function hasBackslashName(value: unknown): boolean {
  const pending = isObject(value) ? [value] : []
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (Array.isArray(next)) {
      for (const item of next) if (isObject(item)) pending.push(item)
      continue
    }
    for (const name in next) {
      if (name.includes('\\')) return true
      const member = next[name]
      if (isObject(member)) pending.push(member)
    }
  }
  return false
}

/** What JSON writes in braces. */
export const isJsonObject = (value: unknown): value is Readonly<Record<string, unknown>> => isObject(value) && !Array.isArray(value)

export const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(item => typeof item === 'string')

/** Includes lists. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A list as `[0,[…items]]` and an object as `[1,[…name, value]]`, for which no engine caches names. */
type Flat = readonly [kind: 0 | 1, parts: readonly unknown[]]

const flatMarks: Readonly<Record<string, string>> = { '[': '[0,[', ']': ']]', '{': '[1,[', '}': ']]', ':': ',' }
const flat = (punctuation: string): string => punctuation.replace(/[[\]{}:]/g, mark => flatMarks[mark] ?? mark)

/** `text` is JSON; the result is JSON with `Flat` instead of lists and objects. */
function withoutNames(text: string): string {
  const pieces: string[] = []
  let from = 0
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', from)) {
    pieces.push(flat(text.slice(from, at)))
    from = endOfString(text, at)
    pieces.push(text.slice(at, from))
  }
  pieces.push(flat(text.slice(from)))
  return pieces.join('')
}

/** The position after the quote that ends the string whose first quote is at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** The value of a text that `withoutNames` rewrote, with the members that JSON.parse creates: only own ones, the last of equal names. */
function objectsOf(root: unknown): unknown {
  const pending: { readonly parts: readonly unknown[]; readonly made: Record<string, unknown> | unknown[] }[] = []
  const open = (value: unknown): unknown => {
    if (!isFlat(value)) return value
    const [kind, parts] = value
    const made = kind === 0 ? [] : {}
    pending.push({ parts, made })
    return made
  }
  const value = open(root)
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { parts, made } = next
    if (Array.isArray(made)) for (const part of parts) made.push(open(part))
    else for (let at = 0; at < parts.length; at += 2) setOwn(made, String(parts[at]), open(parts[at + 1]))
  }
  return value
}

/** All lists of a rewritten text have this form. */
const isFlat = (value: unknown): value is Flat => Array.isArray(value)
