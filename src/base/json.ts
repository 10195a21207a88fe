// JSON.parse for all of src/. V8 of Node 24 before 24.22.1, of 25 and of 26 before 26.12.1 may misread the name of a member that is written
// with an escape: it compares the characters of the text, not those that they stand for, with the names that have followed the same members
// before. After `{"a":1,"\\u":2}` the text `{"a":1,"\u0061\u0062":2}` has the members `a` and `\u` there. `managedFields` are full of such names.
import { setOwn } from './data/own-property.ts'

/**
 * What JSON.parse returns and throws, on engines with the fault too. Nesting is bounded by memory only, so callers bound it where the text is
 * anybody's.
 */
export const parseJson: (text: string) => unknown = readsEscapedNames(JSON.parse) ? JSON.parse : withoutFault(JSON.parse)

/** Whether `parse` is without the fault. The first member is nobody else's: what the engine remembers of this concerns no other object. */
export function readsEscapedNames(parse: (text: string) => unknown): boolean {
  const before = parse('{"bulkhead.dev/escaped-names":0,"\\\\u":0}')
  const after = parse('{"bulkhead.dev/escaped-names":0,"\\u0061\\u0062":0}')
  // Both are looked at: the engine forgets what it remembers of an object that is gone.
  return hasMember(before, '\\u') && hasMember(after, 'ab')
}

/**
 * `parse` with its fault mended. A name that was taken for another's begins like its own text up to the escape at least, so the other has a
 * backslash: what comes without one is right, wherever the engine has the other from. Anything else is read once more without names.
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

/** Of a value that JSON.parse has made, however deep. */
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

/** Lists too. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A list as `[0,[…items]]` and an object as `[1,[…name, value]]`, which no engine remembers names of. */
type Flat = readonly [kind: 0 | 1, parts: readonly unknown[]]

const flatMarks: Readonly<Record<string, string>> = { '[': '[0,[', ']': ']]', '{': '[1,[', '}': ']]', ':': ',' }
const flat = (punctuation: string): string => punctuation.replace(/[[\]{}:]/g, mark => flatMarks[mark] ?? mark)

/** `text` is JSON; so is what is returned, with `Flat` in the place of lists and objects. */
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

/** Behind the quote that ends the string whose first is at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** The value of a text that `withoutNames` has rewritten, with the members that JSON.parse makes: own ones only, the last of a name. */
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

/** All lists of a rewritten text are. */
const isFlat = (value: unknown): value is Flat => Array.isArray(value)
